//! What several threads ask at the same moment, asked together. Nobody waits for company: who comes while less is under way
//! than may be is sent at once, who comes later goes along with the next, as commits do that share a write to the disk.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Sender, bounded};

/// Gathers the questions of several threads.
pub(super) struct Gatherer<Q, A> {
    line: Mutex<Line<Q, A>>,
    /// How many groups may be under way at once.
    at_once: usize,
    /// How much one group may weigh. A question that is heavier goes alone.
    most: usize,
}

struct Line<Q, A> {
    /// There is one only while as many groups are under way as may be.
    waiting: VecDeque<Waiting<Q, A>>,
    under_way: usize,
}

struct Waiting<Q, A> {
    question: Q,
    weight: usize,
    turn: Sender<Turn<Q, A>>,
}

/// What one who waits is told.
enum Turn<Q, A> {
    /// To ask for a group, of which it is the first.
    Lead(Vec<Waiting<Q, A>>),
    /// What the answer is.
    Answered(A),
}

impl<Q, A> Gatherer<Q, A> {
    pub(super) fn new(at_once: usize, most: usize) -> Gatherer<Q, A> {
        Gatherer { line: Mutex::new(Line { waiting: VecDeque::new(), under_way: 0 }), at_once, most }
    }

    /// Asks, alone or with others: `together` gets the questions of a group and gives an answer to each, in their order. No
    /// answer where the thread that asked for the group broke off.
    pub(super) fn ask(
        &self,
        question: Q,
        weight: usize,
        together: impl FnOnce(Vec<Q>) -> Vec<A>,
    ) -> Option<A> {
        let (turn, told) = bounded(1);
        let mut line = self.line();
        line.waiting.push_back(Waiting { question, weight, turn });
        let alone = (line.under_way < self.at_once).then(|| {
            line.under_way += 1;
            line.group(self.most)
        });
        drop(line);
        let group = match alone {
            Some(group) => group,
            None => match told.recv().ok()? {
                Turn::Lead(group) => group,
                Turn::Answered(answer) => return Some(answer),
            },
        };
        let (questions, turns): (Vec<Q>, Vec<Sender<Turn<Q, A>>>) =
            group.into_iter().map(|waiting| (waiting.question, waiting.turn)).unzip();
        let passed_on = PassOn(self);
        let mut answers = together(questions).into_iter();
        // The next group leaves before this one is handed its answers.
        drop(passed_on);
        let own = answers.next();
        for (turn, answer) in turns.into_iter().skip(1).zip(answers) {
            // Everybody in a group waits for it.
            let _ = turn.send(Turn::Answered(answer));
        }
        own
    }

    fn line(&self) -> MutexGuard<'_, Line<Q, A>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> Line<Q, A> {
    /// The first of those who wait, as many as go together.
    fn group(&mut self, most: usize) -> Vec<Waiting<Q, A>> {
        let mut group: Vec<Waiting<Q, A>> = Vec::new();
        let mut weight = 0usize;
        while let Some(next) = self.waiting.pop_front() {
            weight = weight.saturating_add(next.weight);
            if weight > most && !group.is_empty() {
                self.waiting.push_front(next);
                break;
            }
            group.push(next);
        }
        group
    }
}

/// When dropped, has the next group asked for; also where the thread that asked for one breaks off.
struct PassOn<'g, Q, A>(&'g Gatherer<Q, A>);

impl<Q, A> Drop for PassOn<'_, Q, A> {
    fn drop(&mut self) {
        let mut line = self.0.line();
        let group = line.group(self.0.most);
        match group.first().map(|first| first.turn.clone()) {
            // It waits for its turn, so it takes it.
            Some(first) => drop(first.send(Turn::Lead(group))),
            None => line.under_way -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    impl<Q, A> Gatherer<Q, A> {
        fn wait_for(&self, count: usize) {
            while self.line().waiting.len() < count {
                thread::yield_now();
            }
        }
    }

    /// Asks for one number, and meanwhile for others; the groups in which they were asked for.
    fn groups(gatherer: &Gatherer<usize, usize>, others: usize, break_off: bool) -> Vec<Vec<usize>> {
        let (group, groups) = mpsc::channel();
        let ask = |number: usize, group: mpsc::Sender<Vec<usize>>| {
            gatherer.ask(number, number, |numbers| {
                if numbers == [1] {
                    gatherer.wait_for(others);
                    assert!(!break_off, "breaks off");
                }
                group.send(numbers.clone()).expect("the test listens");
                numbers.into_iter().map(|number| number * 10).collect()
            })
        };
        thread::scope(|scope| {
            let first = group.clone();
            scope.spawn(move || {
                let answer = catch_unwind(AssertUnwindSafe(|| ask(1, first)));
                assert_eq!(answer.ok(), (!break_off).then_some(Some(10)));
            });
            while others > 0 && gatherer.line().under_way == 0 {
                thread::yield_now();
            }
            for number in 2..others + 2 {
                let group = group.clone();
                // One after the other. The first is answered when the last is there.
                gatherer.wait_for(number - 2);
                scope.spawn(move || assert_eq!(ask(number, group), Some(number * 10)));
            }
        });
        drop(group);
        assert_eq!(gatherer.line().under_way, 0);
        groups.into_iter().collect()
    }

    #[test]
    fn who_comes_meanwhile_goes_together() {
        assert_eq!(groups(&Gatherer::new(1, 100), 3, false), [vec![1], vec![2, 3, 4]]);
        assert_eq!(groups(&Gatherer::new(1, 100), 0, false), [vec![1]]);
    }

    #[test]
    fn a_group_is_no_heavier_than_it_may_be() {
        assert_eq!(groups(&Gatherer::new(1, 5), 3, false), [vec![1], vec![2, 3], vec![4]]);
        assert_eq!(groups(&Gatherer::new(1, 1), 2, false), [vec![1], vec![2], vec![3]]);
    }

    #[test]
    fn several_groups_may_be_under_way() {
        let gatherer = Gatherer::new(2, 100);
        let inner = |numbers: Vec<usize>| {
            let other = gatherer.ask(2, 1, |numbers| {
                assert_eq!(numbers, [2]);
                numbers
            });
            assert_eq!(other, Some(2));
            numbers
        };
        assert_eq!(gatherer.ask(1, 1, inner), Some(1));
    }

    #[test]
    fn who_breaks_off_takes_no_other_along() {
        assert_eq!(groups(&Gatherer::new(1, 100), 2, true), [vec![2, 3]]);
        let gatherer: Gatherer<usize, usize> = Gatherer::new(1, 100);
        assert_eq!(gatherer.ask(1, 1, |_| Vec::new()), None, "no answer was given");
    }
}
