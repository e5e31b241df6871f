//! What this machine and this user can do, and the command that mends what is missing.
