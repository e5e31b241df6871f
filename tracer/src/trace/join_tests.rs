use proptest::prelude::*;

use super::*;

const OUTER: usize = 0;
const INNER: usize = 1;

fn entered(call: u32, function: usize, g: u64, depth_bytes: u64) -> Entered<u32> {
    Entered {
        call,
        time_ns: call.into(),
        function,
        is_watched: true,
        activation: Activation { g, depth_bytes },
    }
}

fn at(g: u64, depth_bytes: u64) -> Activation {
    Activation { g, depth_bytes }
}

fn ended(joiner: &mut Joiner<u32>) -> Vec<(u32, Ending)> {
    std::iter::from_fn(|| joiner.next_ended()).collect()
}

fn returned(pointer: u64) -> Ending {
    Ending::Returned([pointer, 0, 0])
}

#[test]
fn nested_calls_come_out_in_the_order_of_the_calls() {
    let mut joiner = Joiner::default();
    joiner.enter(entered(1, OUTER, 7, 100));
    joiner.enter(entered(2, INNER, 7, 180));
    joiner.leave(INNER, 3, at(7, 180), [20, 0, 0]);
    assert_eq!(ended(&mut joiner), []);
    joiner.leave(OUTER, 4, at(7, 100), [10, 0, 0]);
    assert_eq!(ended(&mut joiner), [(1, returned(10)), (2, returned(20))]);
    assert!(joiner.is_empty() && joiner.running.is_empty());
}

#[test]
fn stacks_are_told_apart() {
    let mut joiner = Joiner::default();
    joiner.enter(entered(1, OUTER, 7, 100));
    joiner.enter(entered(2, OUTER, 8, 100));
    joiner.leave(OUTER, 3, at(8, 100), [20, 0, 0]);
    joiner.leave(OUTER, 4, at(7, 100), [10, 0, 0]);
    assert_eq!(ended(&mut joiner), [(1, returned(10)), (2, returned(20))]);
}

#[test]
fn what_never_returns_is_left_when_the_stack_shows_it() {
    let mut joiner = Joiner::default();
    // A panic out of both, and a call from further out.
    joiner.enter(entered(1, OUTER, 7, 100));
    joiner.enter(entered(2, INNER, 7, 180));
    joiner.enter(entered(3, OUTER, 7, 90));
    assert_eq!(ended(&mut joiner), [(1, Ending::Left), (2, Ending::Left)]);
    // A jump into another function, whose return is seen at the same depth.
    joiner.leave(INNER, 4, at(7, 90), [1, 0, 0]);
    assert_eq!(ended(&mut joiner), [(3, Ending::Left)]);
    assert!(joiner.running.is_empty());
}

#[test]
fn a_return_without_a_call_is_nobodys() {
    let mut joiner = Joiner::default();
    joiner.enter(entered(1, OUTER, 7, 100));
    joiner.leave(INNER, 2, at(7, 180), [1, 0, 0]);
    joiner.leave(OUTER, 3, at(8, 100), [2, 0, 0]);
    joiner.leave(OUTER, 4, at(7, 100), [3, 0, 0]);
    assert_eq!(ended(&mut joiner), [(1, returned(3))]);
}

#[test]
fn where_records_were_lost_nothing_is_told() {
    let mut joiner = Joiner::default();
    joiner.enter(entered(10, OUTER, 7, 100));
    joiner.lose(12, 14);
    joiner.leave(OUTER, 20, at(7, 100), [1, 0, 0]);
    joiner.enter(entered(21, OUTER, 7, 100));
    joiner.leave(OUTER, 22, at(7, 100), [2, 0, 0]);
    assert_eq!(
        ended(&mut joiner),
        [(10, Ending::Unseen), (21, returned(2))]
    );
}

#[test]
fn no_call_is_held_back_for_ever() {
    let mut joiner = Joiner::default();
    joiner.enter(entered(1, OUTER, 7, 100));
    joiner.enter(Entered {
        is_watched: false,
        ..entered(2, INNER, 8, 100)
    });
    joiner.give_up(LONGEST_HELD_NS);
    assert_eq!(ended(&mut joiner), []);
    joiner.give_up(LONGEST_HELD_NS + 2);
    let expected = [(1, Ending::Running), (2, Ending::NotWatched)];
    assert_eq!(ended(&mut joiner), expected);
    assert!(joiner.running.is_empty());
    // It comes too late.
    joiner.leave(OUTER, 3, at(7, 100), [1, 0, 0]);
    joiner.enter(entered(4, OUTER, 7, 100));
    joiner.stop_watching();
    assert_eq!(ended(&mut joiner), [(4, Ending::Unseen)]);
}

#[test]
fn no_more_than_so_many_are_held_back() {
    let mut joiner = Joiner::default();
    let most = u32::try_from(MOST_HELD).expect("it fits");
    for call in 0..=most {
        joiner.enter(entered(call, OUTER, u64::from(call), 100));
    }
    assert_eq!(ended(&mut joiner), [(0, Ending::Running)]);
}

/// What a goroutine does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call {
        function: usize,
        frame_bytes: u64,
    },
    Return,
    /// So many frames are left at once.
    Panic(usize),
}

fn any_step() -> impl Strategy<Value = (u64, Step, bool)> {
    let step = prop_oneof![
        4 => (0..3_usize, 8..64_u64).prop_map(|(function, frame_bytes)| Step::Call {
            function,
            frame_bytes
        }),
        4 => Just(Step::Return),
        1 => (1..4_usize).prop_map(Step::Panic),
    ];
    // The goroutine, what it does, whether the record of it is lost.
    (0..3_u64, step, prop::bool::weighted(0.1))
}

proptest! {
    /// Goroutines that call, return and panic, with and without losses: each result that
    /// is told is that of its own call, and without losses and panics each is told.
    #[test]
    fn results_are_those_of_their_calls(
        steps in prop::collection::vec(any_step(), 0..200),
        loses: bool,
    ) {
        let mut joiner = Joiner::default();
        let mut stacks: HashMap<u64, Vec<(u32, usize, u64)>> = HashMap::new();
        let (mut left, mut running, mut calls) = (0, 0, Vec::new());
        for (time, (g, step, is_lost)) in (1_u32..).zip(steps) {
            let is_lost = loses && is_lost;
            let time_ns = u64::from(time) * 10;
            let stack = stacks.entry(g).or_default();
            let depth = stack.last().map_or(100, |(_, _, depth)| *depth);
            if is_lost {
                joiner.lose(time_ns - 5, time_ns + 5);
            }
            match step {
                Step::Call { function, frame_bytes } => {
                    let depth = depth + frame_bytes;
                    stack.push((time, function, depth));
                    if !is_lost {
                        calls.push(time);
                        joiner.enter(Entered { time_ns, ..entered(time, function, g, depth) });
                    }
                }
                Step::Return => if let Some((call, function, depth)) = stack.pop() && !is_lost {
                    joiner.leave(function, time_ns, at(g, depth), [call.into(), 0, 0]);
                },
                Step::Panic(frames) => {
                    left += frames.min(stack.len());
                    stack.truncate(stack.len().saturating_sub(frames));
                }
            }
        }
        running += stacks.values().map(Vec::len).sum::<usize>();
        joiner.stop_watching();
        let ended = ended(&mut joiner);
        prop_assert!(ended.iter().map(|(call, _)| *call).eq(calls), "the order of the calls");
        let mut untold = 0;
        for (call, ending) in ended {
            match ending {
                Ending::Returned(registers) => prop_assert_eq!(registers[0], u64::from(call)),
                _ => untold += 1,
            }
        }
        if !loses {
            prop_assert_eq!(untold, left + running);
        }
    }
}
