use super::*;
use crate::profile::fixture::{sampled, service};
use crate::top::fixture::{LOOKS, growing, options, part};

fn keys(state: &State) -> Vec<&str> {
    state.rows().iter().map(|row| row.key.as_str()).collect()
}

fn act(state: &mut State, actions: &[Action]) {
    for action in actions {
        assert_eq!(state.act(*action), None, "{action:?}");
    }
}

#[test]
fn rows_sum_to_what_is_recorded_in_every_table() {
    let mut state = growing();
    let totals = state.totals();
    for _ in State::TABLES {
        let sum = |of: fn(&Row) -> u64| state.rows().iter().map(of).sum::<u64>();
        assert_eq!(sum(|row| row.values.bytes), totals.bytes);
        assert_eq!(sum(|row| row.values.objects), totals.objects);
        let percent: f64 = state.rows().iter().map(|row| row.percent).sum();
        assert!((percent - 100.0).abs() < 0.01, "{percent}");
        act(&mut state, &[Action::NextTable]);
    }
    assert_eq!(state.by(), By::Site, "once around");
}

#[test]
fn rates_are_what_came_in_the_last_ten_seconds() {
    let state = growing();
    // It grows evenly.
    let expected = sampled().totals().bytes as f64 / LOOKS as f64;
    let (bytes_per_s, objects_per_s) = state.rates();
    assert!(
        (bytes_per_s / expected - 1.0).abs() < 0.001,
        "{bytes_per_s}"
    );
    assert!(objects_per_s > 0.0);
    let rows: f64 = state.rows().iter().map(|row| row.bytes_per_s).sum();
    assert!((rows / bytes_per_s - 1.0).abs() < 0.001, "{rows}");
}

#[test]
fn what_came_before_the_last_seconds_has_no_rate() {
    let mut state = growing();
    let whole = sampled();
    for looks in 1..=14 {
        let mut snapshot = part(&whole, LOOKS);
        snapshot.profile.duration_ns += looks * 1_000_000_000;
        state.take_in(snapshot);
    }
    assert_eq!(state.rates(), (0.0, 0.0));
    assert!(state.rows().iter().all(|row| row.bytes_per_s == 0.0));
    assert_eq!(state.totals(), whole.totals());
}

#[test]
fn every_column_sorts_and_turns_around() {
    let mut state = growing();
    let mut orders = Vec::new();
    for column in Column::ALL {
        assert_eq!(state.sort(), (column, false));
        let forth: Vec<String> = keys(&state).into_iter().map(str::to_owned).collect();
        act(&mut state, &[Action::Reverse]);
        assert!(keys(&state).into_iter().rev().eq(&forth), "{column:?}");
        orders.push(forth);
        act(&mut state, &[Action::Reverse, Action::SortRight]);
    }
    assert!(orders[6].is_sorted());
    act(&mut state, &[Action::SortLeft]);
    assert_eq!(state.sort().0, Column::Name);
}

#[test]
fn a_chosen_row_stays_chosen_wherever_it_goes() {
    let mut state = growing();
    act(&mut state, &[Action::Down, Action::Down]);
    let chosen = state.rows()[2].key.clone();
    act(&mut state, &[Action::Reverse]);
    assert_eq!(state.rows()[state.selected()].key, chosen);
    assert_ne!(state.selected(), 2);
    act(
        &mut state,
        &[
            Action::Last,
            Action::Down,
            Action::PageUp,
            Action::First,
            Action::Up,
        ],
    );
    assert_eq!(state.selected(), 0);
}

#[test]
fn a_filter_is_typed_kept_and_cleared() {
    let mut state = growing();
    let all = state.rows().len();
    act(&mut state, &[Action::Filter]);
    for character in "main.qq".chars() {
        act(&mut state, &[Action::Type(character)]);
    }
    assert_eq!(keys(&state), Vec::<&str>::new());
    act(&mut state, &[Action::Erase, Action::Erase, Action::Open]);
    assert_eq!(state.filter(), ("main.", false));
    assert!(!keys(&state).is_empty() && keys(&state).iter().all(|key| key.contains("main.")));
    assert_eq!(
        state.totals(),
        sampled().totals(),
        "totals stay those of everything"
    );
    // Opens a row now, and comes back to the filter.
    act(&mut state, &[Action::Open]);
    assert!(matches!(state.page(), Page::Tree(_)));
    act(&mut state, &[Action::Back]);
    assert_eq!(state.filter().0, "main.");
    act(&mut state, &[Action::Back]);
    assert_eq!((state.filter().0, state.rows().len()), ("", all));
    act(
        &mut state,
        &[Action::Filter, Action::Type('x'), Action::Back],
    );
    assert_eq!(state.filter(), ("", false));
}

#[test]
fn a_frozen_view_stays_and_recording_goes_on() {
    let whole = service();
    let mut state = State::new(options());
    state.take_in(part(&whole, 10));
    act(&mut state, &[Action::Pause]);
    let frozen = state.totals();
    state.take_in(part(&whole, LOOKS));
    assert!(state.is_paused());
    assert_eq!(state.totals(), frozen);
    act(&mut state, &[Action::NextTable, Action::Open]);
    assert_eq!(
        state.totals(),
        frozen,
        "other tables are of the same moment"
    );
    assert_eq!(state.newest().unwrap().profile.totals(), whole.totals());
    act(&mut state, &[Action::Back, Action::Pause]);
    assert_eq!(state.totals(), whole.totals());
}

#[test]
fn a_tree_holds_callers_and_callees_of_its_row() {
    let mut state = State::new(Options {
        by: By::Function,
        ..options()
    });
    state.take_in(part(&service(), LOOKS));
    let at = keys(&state)
        .iter()
        .position(|key| *key == "main.index[...]");
    for _ in 0..at.unwrap() {
        act(&mut state, &[Action::Down]);
    }
    act(&mut state, &[Action::Open]);
    let Page::Tree(lines) = state.page() else {
        panic!("{:?}", state.page());
    };
    let text: Vec<(usize, &str)> = lines
        .iter()
        .map(|line| match line {
            TreeLine::Heading(text) => (0, text.as_str()),
            TreeLine::Frame { depth, label, .. } => (*depth, label.as_str()),
        })
        .collect();
    assert_eq!(
        text,
        [
            (0, "Callers, from what allocates outward"),
            (0, "main.index[...] …/shop/index.go:40"),
            (1, "main.main.func1 …/shop/main.go:25"),
            (0, "Callees of main.index[...] that allocate"),
            (0, "[itself]"),
        ]
    );
    let of_row = state.rows()[at.unwrap()].values;
    let TreeLine::Frame {
        values, percent, ..
    } = &lines[1]
    else {
        panic!("{lines:?}");
    };
    assert_eq!(*values, of_row);
    assert!((percent - 100.0).abs() < 1e-9);
}

#[test]
fn what_a_function_calls_is_in_its_tree_once_even_if_it_recurses() {
    use crate::profile::fixture::Builder;
    let mut builder = Builder::default();
    let outer: &[(&str, &str, u32)] = &[("main.walk", "m.go", 3)];
    let leaf: &[(&str, &str, u32)] = &[("main.leaf", "m.go", 9)];
    let malloc: &[(&str, &str, u32)] = &[("runtime.newobject", "malloc.go", 1)];
    let deep = builder.stack(&[malloc, leaf, outer, outer]);
    builder.objects(deep, ("main.T", "new"), 8, 10);
    let own = builder.stack(&[malloc, outer]);
    builder.objects(own, ("main.T", "new"), 8, 5);
    let mut snapshot = Snapshot {
        profile: builder.finish(),
        ..Snapshot::default()
    };
    snapshot.profile.duration_ns = 1_000_000_000;
    let mut state = State::new(Options {
        by: By::Function,
        sort: Column::Name,
        ..options()
    });
    state.take_in(snapshot);
    act(&mut state, &[Action::Down, Action::Open]);
    let Page::Tree(lines) = state.page() else {
        panic!("{:?}", state.page());
    };
    let callees: Vec<(usize, &str, u64)> = lines
        .iter()
        .skip_while(|line| !matches!(line, TreeLine::Heading(text) if text.contains("Callees")))
        .skip(1)
        .map(|line| match line {
            TreeLine::Frame {
                depth,
                label,
                values,
                ..
            } => (*depth, label.as_str(), values.objects),
            TreeLine::Heading(text) => panic!("{text}"),
        })
        .collect();
    assert_eq!(
        callees,
        [
            (0, "main.walk", 10),
            (1, "main.leaf", 10),
            (0, "[itself]", 5)
        ]
    );
}

#[test]
fn sizes_are_those_of_the_row() {
    let mut state = growing();
    act(&mut state, &[Action::Sizes]);
    let Page::Sizes(sizes) = state.page() else {
        panic!("{:?}", state.page());
    };
    assert_eq!(sizes.objects(), state.rows()[0].values.objects);
    act(&mut state, &[Action::Open]);
    assert!(matches!(state.page(), Page::Tree(_)));
}

#[test]
fn what_is_not_the_models_to_do_is_asked_for() {
    let mut state = growing();
    state.say(Message::Done("Written".to_owned()));
    for (action, request) in [
        (Action::Save, Request::Save),
        (Action::FlameGraph, Request::FlameGraph),
        (Action::Suspend, Request::Suspend),
        (Action::Quit, Request::Quit),
    ] {
        assert_eq!(state.act(action), Some(request));
    }
    assert_eq!(state.message(), None, "a key takes it away");
    state.act(Action::Filter);
    assert_eq!(state.act(Action::Type('q')), None);
    assert_eq!(state.act(Action::Quit), Some(Request::Quit));
}

#[test]
fn a_slower_pace_is_said() {
    let mut state = growing();
    let before = state.troubles().len();
    state.set_pace(Duration::from_millis(3200));
    let troubles = state.troubles();
    assert_eq!(troubles.len(), before + 1);
    assert!(troubles[before].starts_with("refreshed every 3.2 s only"));
}

#[test]
fn nothing_yet_is_no_trouble() {
    let mut state = State::new(options());
    for action in [
        Action::Open,
        Action::Sizes,
        Action::Down,
        Action::Last,
        Action::Pause,
        Action::Help,
        Action::Open,
        Action::Back,
        Action::NextTable,
        Action::PreviousTable,
    ] {
        assert_eq!(state.act(action), None);
    }
    assert!(state.troubles().is_empty() && state.rows().is_empty());
    assert_eq!(state.rates(), (0.0, 0.0));
}
