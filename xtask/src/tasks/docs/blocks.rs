//! What is printed in a page between two comments, and made anew by a program.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

/// `page` with `text`, as code, in the block of that name: between the comments
/// `<!-- cargo xtask docs: NAME -->` and `<!-- end -->`.
pub fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let (start, end) = place(page, name)?;
    let text = text.trim_end();
    Ok(format!(
        "{}\n```\n{text}\n```\n{}",
        &page[..start],
        &page[end..]
    ))
}

/// What is in the block of that name.
pub fn text<'a>(page: &'a str, name: &str) -> Result<&'a str> {
    let (start, end) = place(page, name)?;
    Ok(page[start..end].trim().trim_matches('`').trim_matches('\n'))
}

/// From behind the comment that begins a block to before the one that ends it.
fn place(page: &str, name: &str) -> Result<(usize, usize)> {
    let begin = format!("<!-- cargo xtask docs: {name} -->");
    let start = page
        .find(&begin)
        .with_context(|| format!("there is no `{begin}`"))?
        + begin.len();
    let end = page[start..]
        .find("<!-- end -->")
        .with_context(|| format!("`{begin}` has no `<!-- end -->`"))?;
    Ok((start, start + end))
}

/// Says what the committed text has that the new one lacks, or the other way round, of
/// the words that do not depend on what was measured.
pub fn compare(name: &str, committed: &str, new: &str) -> Result<()> {
    let (committed, new) = (labels(committed), labels(new));
    ensure!(!new.is_empty(), "{name}: nothing was printed");
    let differ: Vec<_> = committed.symmetric_difference(&new).collect();
    ensure!(
        differ.is_empty(),
        "{name} is not what is printed now: {differ:?}; run `cargo xtask docs`"
    );
    Ok(())
}

/// The first words of lines that begin with one, and the words above a rule.
fn labels(text: &str) -> BTreeSet<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines
        .iter()
        .filter(|line| line.starts_with(char::is_uppercase))
        .filter_map(|line| line.split_whitespace().next());
    let above_rules = lines
        .windows(2)
        .filter(|pair| pair[1].starts_with("───"))
        .flat_map(|pair| pair[0].split_whitespace());
    first.chain(above_rules).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# A\n\n<!-- cargo xtask docs: report -->\n```\nold 1\n```\n<!-- end -->\n\nB\n";

    #[test]
    fn a_block_is_replaced_and_read_back() {
        let page = replace(PAGE, "report", "Total 7\n\nx\n").unwrap();
        assert_eq!(
            page,
            "# A\n\n<!-- cargo xtask docs: report -->\n```\nTotal 7\n\nx\n```\n<!-- end -->\n\nB\n"
        );
        assert_eq!(text(&page, "report").unwrap(), "Total 7\n\nx");
        assert!(replace(PAGE, "top", "").is_err());
        assert!(replace(PAGE.trim_end_matches("<!-- end -->\n\nB\n"), "report", "").is_err());
    }

    #[test]
    fn what_was_measured_may_differ_and_what_is_said_may_not() {
        let old = "Total     5 objects\nbytes  site\n────────\n1 B    main.a\n";
        compare(
            "report",
            old,
            "Total 6 of it\nbytes site\n───\n9 B main.b\n",
        )
        .unwrap();
        for other in [
            "Sum 6\nbytes site\n───\n",
            "Total 6\nbytes p50 site\n───\n",
            "",
        ] {
            assert!(compare("report", old, other).is_err(), "{other}");
        }
    }
}
