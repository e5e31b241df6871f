//! `goalloc top` on a terminal: every key, every signal, and figures that agree with the
//! report.

use std::{fs, path::PathBuf};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::{Fixture, Service},
    goalloc::{goalloc, output},
    lines::wait_for,
    tmux::Terminal,
};

/// `goalloc top` as a shell starts it; its PID goes to the file `pid`.
fn top(environment: &str, arguments: &str) -> String {
    let goalloc = env!("CARGO_BIN_EXE_goalloc");
    format!("{environment} sh -c 'echo $$ > pid; exec {goalloc} top --interval 300ms {arguments}'")
}

/// The line of headings, which every page but the help has.
fn headings(screen: &str) -> &str {
    screen.lines().nth(4).unwrap_or_default()
}

/// The names of rows, from the first on, without what may be cut off.
fn names(screen: &str) -> Vec<String> {
    let column = headings(screen).find("objects ").map(|at| {
        // Headings hold characters of several bytes.
        headings(screen)[..at].chars().count() + "objects ".len()
    });
    let rows = screen
        .lines()
        .skip(5)
        .take_while(|it| !it.starts_with("Coverage"));
    let name = |row: &str| row.chars().skip(column.unwrap_or(0)).collect::<String>();
    rows.map(|row| beginning(&name(row)))
        .filter(|name| !name.is_empty())
        .collect()
}

fn beginning(name: &str) -> String {
    name.chars()
        .take(28)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// Waits until a title is over the page, and returns what follows it.
fn opened(terminal: &Terminal, title: &str) -> String {
    terminal.wait_until(title, |screen| {
        let (_, name) = headings(screen).split_once(title)?;
        Some(beginning(name))
    })
}

/// A terminal of this size and the executable of a fixture to look at there. `None` if the
/// test is to end.
fn on_terminal(
    (width, height): (u16, u16),
    minor: u32,
    program: &str,
) -> Option<(Slot, Terminal, PathBuf)> {
    let take = || (Slot::take(), Terminal::open(width, height));
    let ((slot, terminal), executable) = common::traceable(take, minor, Variant::PLAIN, program)?;
    Some((slot, terminal?, executable))
}

fn every_key(width: u16, height: u16, environment: &str) {
    let Some((_slot, terminal, executable)) = on_terminal((width, height), 27, "service") else {
        return;
    };
    let service = Service::start(&executable);
    let pid = service.pid();
    terminal.run("stty -a > before");
    terminal.wait_for_shell();
    terminal.run(&top(environment, &format!("-p {pid}")));
    terminal.wait_until("row", |screen| names(screen).get(12).map(drop));
    if environment.contains("NO_COLOR") {
        let coloured = terminal.coloured_screen();
        let is_coloured = (0..8).any(|colour| coloured.contains(&format!("\x1b[3{colour}m")));
        assert!(!is_coloured, "{coloured:?}");
    }

    tables_and_orders(&terminal);
    rows_and_pages(&terminal);
    filter(&terminal);
    files(&terminal, pid);

    terminal.press(&["C-z"]);
    terminal.wait_until("stopped job", |screen| {
        screen.contains("Stopped").then_some(())
    });
    terminal.wait_for_shell();
    terminal.assert_given_back();
    terminal.run("fg");
    terminal.wait_until("view", |screen| names(screen).get(12).map(drop));

    drop(service);
    terminal.wait_for_text("! the target has ended");
    terminal.press(&["q"]);
    terminal.wait_for_shell();
    assert_sane(&terminal);
}

fn tables_and_orders(terminal: &Terminal) {
    let heading = |ending: &str| {
        terminal.wait_until(ending, |screen| {
            headings(screen).ends_with(ending).then_some(())
        });
    };
    // Part of a screen may be drawn already, part not yet.
    let order = |ending: &str, is_ordered: fn(&[String]) -> bool| {
        terminal.wait_until(ending, |screen| {
            let is_drawn = headings(screen).ends_with(ending) && is_ordered(&names(screen));
            is_drawn.then_some(())
        });
    };
    for (key, name) in [
        ("2", "function"),
        ("3", "type"),
        ("4", "cause"),
        ("5", "package"),
        ("1", "site"),
        ("BTab", "package"),
        ("Tab", "site"),
        ("Tab", "function"),
    ] {
        terminal.press(&[key]);
        heading(&format!("objects {name}"));
    }
    terminal.press(&["<"]);
    order("function ▼", |names| names.is_sorted());
    terminal.press(&["r"]);
    order("function ▲", |names| names.is_sorted_by(|a, b| a >= b));
    terminal.press(&[">"]);
    terminal.wait_for_text("▲bytes/s");
    terminal.press(&["r"]);
    heading("objects function");
    terminal.press(&["?"]);
    terminal.wait_for_text("freeze the view");
    terminal.press(&["Down"]);
    terminal.wait_until("scrolled help", |screen| {
        (!screen.starts_with("Keys")).then_some(())
    });
    terminal.press(&["?"]);
    heading("objects function");
    terminal.press(&["?"]);
    terminal.wait_for_text("freeze the view");
    terminal.press(&["Escape"]);
    heading("objects function");
}

/// Frozen, so that rows stay where they are.
fn rows_and_pages(terminal: &Terminal) {
    terminal.press(&["Space"]);
    let mut last = String::new();
    let frozen = terminal.wait_until("still screen", |screen| {
        let is_still = screen.contains("PAUSED") && screen == last;
        screen.clone_into(&mut last);
        is_still.then(|| screen.to_owned())
    });
    let names = names(&frozen);
    for (key, row) in [
        ("Down", 1),
        ("j", 2),
        ("Up", 1),
        ("k", 0),
        ("PageDown", 10),
        ("PageUp", 0),
        ("End", usize::MAX),
        ("Home", 0),
        ("G", usize::MAX),
        ("g", 0),
        ("j", 1),
    ] {
        terminal.press(&[key, "Enter"]);
        let opened = opened(terminal, "calls of ");
        match names.get(row) {
            Some(expected) => assert_eq!(opened, *expected, "{key}\n{frozen}"),
            None => assert_ne!(opened, names[0], "{key}"),
        }
        terminal.press(&["Escape"]);
        terminal.wait_until("table", |screen| {
            headings(screen).contains("±%").then_some(())
        });
    }
    terminal.press(&["h"]);
    assert_eq!(opened(terminal, "sizes of "), names[1]);
    terminal.press(&["Enter"]);
    assert_eq!(opened(terminal, "calls of "), names[1]);
    terminal.wait_for_text("Callees of");
    // Together they would be another key.
    terminal.press(&["Escape"]);
    terminal.wait_until("table", |screen| {
        headings(screen).contains("±%").then_some(())
    });
    terminal.press(&["Space"]);
    let title = frozen.lines().next().unwrap_or_default();
    terminal.wait_until("later look", |screen| {
        let is_later = !screen.contains("PAUSED") && screen.lines().next() != Some(title);
        (is_later && headings(screen).contains("±%")).then_some(())
    });
}

fn filter(terminal: &Terminal) {
    let all_contain = |screen: &str, text: &str| {
        let names = names(screen);
        !names.is_empty() && names.iter().all(|name| name.contains(text))
    };
    terminal.press(&["/"]);
    terminal.text("main.q");
    terminal.wait_for_text("No row contains \"main.q\"");
    terminal.press(&["BSpace", "Enter"]);
    terminal.wait_until("filtered rows", |screen| {
        (screen.contains("/main.") && all_contain(screen, "main.")).then_some(())
    });
    terminal.press(&["Escape"]);
    terminal.wait_until("all rows", |screen| {
        (!screen.contains("/main.") && !all_contain(screen, "main.")).then_some(())
    });
    terminal.press(&["/"]);
    terminal.text("x");
    terminal.wait_for_text("/x_");
    terminal.press(&["Escape"]);
    terminal.wait_for_text("? help");
}

fn files(terminal: &Terminal, pid: u32) {
    for number in 1..=2 {
        let name = format!("goalloc-{pid}-{number}.pb.gz");
        terminal.press(&["s"]);
        terminal.wait_for_text(&format!("Written {name}"));
        let mut report = goalloc();
        output(
            report.arg("report").arg(terminal.folder().join(name)),
            &[0, 3],
        );
    }
    terminal.press(&["f"]);
    let name = format!("goalloc-{pid}-1.svg");
    terminal.wait_for_text(&format!("Written {name}"));
    let svg = fs::read_to_string(terminal.folder().join(name)).expect("it is written");
    assert!(svg.contains("Heap allocations of"), "{svg}");
}

/// The terminal is as it was before.
fn assert_sane(terminal: &Terminal) {
    terminal.assert_given_back();
    terminal.run("stty -a > after; cmp before after && echo the same");
    terminal.wait_until("comparison", |screen| {
        screen.lines().any(|line| line == "the same").then_some(())
    });
    terminal.run("clear");
    terminal.wait_for_shell();
}

#[test]
fn every_key_does_what_the_help_says_on_a_small_terminal() {
    every_key(80, 24, "");
}

#[test]
fn every_key_does_what_the_help_says_on_a_large_terminal_without_colours() {
    every_key(200, 50, "NO_COLOR=1");
}

#[test]
fn whatever_ends_it_the_terminal_is_given_back() {
    let Some((_slot, terminal, executable)) = on_terminal((80, 24), 27, "service") else {
        return;
    };
    let service = Service::start(&executable);
    let of_service = format!("-p {}", service.pid());
    terminal.run("stty -a > before");
    terminal.wait_for_shell();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let saved = folder.path().join("alloc.pb.gz");
    let start = || {
        let arguments = format!("{of_service} --force -o {}", saved.display());
        terminal.run(&top("TERM=vt100", &arguments));
        terminal.wait_until("view", |screen| {
            screen.contains("Lost nothing").then_some(())
        });
        let pid = fs::read_to_string(terminal.folder().join("pid")).expect("it is written");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        pid.expect("a PID")
    };
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let pid = start();
        assert!(terminal.screen().is_ascii(), "{}", terminal.screen());
        kill_process(pid, signal).expect("it is there");
        terminal.wait_for_shell();
        assert_sane(&terminal);
    }
    let pid = start();
    kill_process(pid, Signal::TSTP).expect("it is there");
    terminal.wait_until("stopped job", |screen| {
        screen.contains("Stopped").then_some(())
    });
    terminal.wait_for_shell();
    terminal.assert_given_back();
    terminal.run("fg");
    terminal.wait_for_text("Lost nothing");
    terminal.press(&["C-c"]);
    terminal.wait_for_shell();
    assert_sane(&terminal);
    terminal.run(&top("TERM=dumb", &of_service));
    terminal.wait_for_text("print the view as text with --batch");
    terminal.run("clear");
    terminal.wait_for_shell();
    // The terminal goes, as when a connection is lost.
    let pid = start();
    let _ = fs::remove_file(&saved);
    drop(terminal);
    wait_for("end of goalloc top", || {
        test_kill_process(pid).is_err().then_some(())
    });
}

/// Total objects, and total bytes as text, by the screen.
fn totals(screen: &str) -> Option<(u64, String)> {
    let total = |line: usize| {
        let (_, total) = screen.lines().nth(line)?.split_once("total ")?;
        Some(total.to_owned())
    };
    let objects = total(2)?.strip_suffix(" objects")?.replace(',', "");
    Some((objects.parse().ok()?, total(1)?))
}

#[test]
fn figures_agree_with_the_report() {
    let Some((_slot, terminal, executable)) = on_terminal((100, 30), 24, "slices") else {
        return;
    };
    let mut fixture = Fixture::start(&executable, &[]);
    let arguments = format!("-p {} --max-overhead none -o end.pb.gz", fixture.pid());
    terminal.run(&top("", &arguments));
    terminal.wait_until("view", totals);
    fixture.run_section();
    // Two looks with the same totals are both after the section.
    let title = |screen: &str| screen.lines().next().map(ToOwned::to_owned);
    let mut last = (None, None);
    let (objects, bytes) = terminal.wait_until("stable totals", |screen| {
        let now = (title(screen), totals(screen));
        let is_stable = now.0 != last.0 && now.1 == last.1 && now.1.as_ref()?.0 > 0;
        if now.0 != last.0 {
            last = now.clone();
        }
        is_stable.then_some(now.1?)
    });
    terminal.press(&["s"]);
    terminal.wait_for_text("Written goalloc-");
    terminal.press(&["q"]);
    terminal.wait_for_shell();
    let truth = fixture.finish();
    assert!(
        objects >= truth.objects(),
        "{objects} of {}",
        truth.objects()
    );
    let written = fs::read_dir(terminal.folder()).expect("the shell's folder");
    let recordings: Vec<PathBuf> = written
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|it| it == "gz"))
        .collect();
    assert_eq!(recordings.len(), 2, "{recordings:?}");
    for recording in recordings {
        let mut report = goalloc();
        let text = output(report.arg("report").arg(&recording), &[0]);
        let total = text.lines().find(|line| line.starts_with("Total"));
        let total = total.expect("a total").replace(',', "");
        let expected = format!("{objects} objects {bytes} asked for");
        assert!(
            total.contains(&expected),
            "{recording:?}: {total}: {expected}"
        );
    }
}

#[test]
fn a_view_is_printed_without_a_terminal() {
    let Some((_slot, executable)) = common::traceable(Slot::take, 27, Variant::PLAIN, "service")
    else {
        return;
    };
    let service = Service::start(&executable);
    let mut top = goalloc();
    top.args(["top", "--batch", "-n", "2", "--interval", "300ms"])
        .args(["--by", "type", "--sort", "objects"])
        .args(["--width", "90", "--height", "20"])
        .args(["-p", &service.pid().to_string()])
        .env_remove("TERM");
    let text = output(&mut top, &[0]);
    assert_eq!(text.lines().count(), 20, "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 90),
        "{text}"
    );
    assert!(headings(&text).ends_with("objects type"), "{text}");
    assert!(
        text.contains("Overhead") && !names(&text).is_empty(),
        "{text}"
    );
}
