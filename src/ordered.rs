//! Work done side by side whose results come out in the order of the input, with a bounded number of them waiting.

use std::num::NonZeroUsize;
use std::thread;

use crossbeam_channel::{Receiver, TryRecvError, bounded, select_biased, unbounded};

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<T> {
    /// The result of the next item.
    Ready(T),
    /// The next result is not there yet; whoever holds back output may pass it on meanwhile.
    Waiting,
}

/// Maps items by workers in threads of their own and hands the results to `step` in the order of the items.
///
/// Items are taken in a thread of their own, so that reading from a stream that has nothing to give just now holds up
/// no result. No more than `ahead` items for each worker are taken ahead of the results: the more, the longer one slow
/// item holds up no other, and the more memory they take. That thread is not
/// waited for where `step` fails: it ends when it next gets an item.
///
/// # Errors
/// The first error of `step`, which ends the work.
pub fn map<I, T, E, W>(
    items: impl Iterator<Item = I> + Send + 'static,
    workers: NonZeroUsize,
    ahead: usize,
    worker: impl Fn() -> W + Sync,
    mut step: impl FnMut(Step<T>) -> Result<(), E>,
) -> Result<(), E>
where
    I: Send + 'static,
    T: Send + 'static,
    W: FnMut(I) -> T,
{
    // Each item travels with the way back for its result; the ways back also stand in a queue, in order.
    let (to_workers, work) = unbounded();
    let (in_order, results) = bounded::<Receiver<T>>(workers.get().saturating_mul(ahead));
    thread::spawn(move || {
        for item in items {
            let (way_back, result) = bounded(1);
            if in_order.send(result).is_err() || to_workers.send((item, way_back)).is_err() {
                return;
            }
        }
    });
    // Nothing is ever sent here; when it closes, the workers stop, even if the input has more to give one day.
    let (stop, stopped) = bounded::<()>(0);
    thread::scope(|scope| {
        for _ in 0..workers.get() {
            scope.spawn(|| {
                let mut each = worker();
                loop {
                    select_biased! {
                        recv(stopped) -> _ => return,
                        recv(work) -> got => match got {
                            Ok((item, way_back)) => {
                                // Nobody waits for the result any more where the work has been ended.
                                let _ = way_back.send(each(item));
                            }
                            Err(_) => return,
                        },
                    }
                }
            });
        }
        let outcome = hand_over(&results, &mut step);
        drop(results);
        drop(stop);
        outcome
    })
}

fn hand_over<T, E>(
    results: &Receiver<Receiver<T>>,
    step: &mut impl FnMut(Step<T>) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(result) = patient(results, || step(Step::Waiting))? {
        // A worker that fails drops the way back; the scope it belongs to passes the panic on.
        let Some(ready) = patient(&result, || step(Step::Waiting))? else {
            return Ok(());
        };
        step(Step::Ready(ready))?;
    }
    Ok(())
}

/// Receives; says so first where there is nothing to receive yet.
fn patient<T, E>(channel: &Receiver<T>, waiting: impl FnOnce() -> Result<(), E>) -> Result<Option<T>, E> {
    match channel.try_recv() {
        Ok(got) => Ok(Some(got)),
        Err(TryRecvError::Disconnected) => Ok(None),
        Err(TryRecvError::Empty) => {
            waiting()?;
            Ok(channel.recv().ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    const AHEAD: usize = 32;

    fn of(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for workers in [1, 2, 7] {
            let mut out = Vec::new();
            let each = || {
                |item: usize| {
                    // The first ones take longest.
                    thread::sleep(Duration::from_micros(if item.is_multiple_of(10) { 900 } else { 3 }));
                    item * 2
                }
            };
            map(0..500, of(workers), AHEAD, each, |step| {
                if let Step::Ready(result) = step {
                    out.push(result);
                }
                Ok::<(), ()>(())
            })
            .unwrap();
            assert_eq!(out, (0..500).map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn only_so_many_items_are_taken_ahead() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let items = (0..10_000usize).inspect(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let mut done = 0;
        let mut furthest = 0;
        map(
            items,
            of(2),
            AHEAD,
            || |item| item,
            |step| {
                if let Step::Ready(_) = step {
                    done += 1;
                    furthest = furthest.max(taken.load(Ordering::SeqCst) - done);
                }
                Ok::<(), ()>(())
            },
        )
        .unwrap();
        assert_eq!(done, 10_000);
        assert!(furthest <= 2 * AHEAD + 2, "{furthest}");
    }

    #[test]
    fn each_result_comes_before_the_next_item_is_there() {
        // The input gives an item only once the result of the one before it has been seen.
        let (seen, next) = mpsc::channel::<()>();
        seen.send(()).unwrap();
        let items = (0..20).map_while(move |item| next.recv().ok().map(|()| item));
        let mut out = Vec::new();
        map(
            items,
            of(2),
            AHEAD,
            || |item| item,
            |step| {
                if let Step::Ready(item) = step {
                    out.push(item);
                    // The last one is not listened to any more.
                    let _ = seen.send(());
                }
                Ok::<(), ()>(())
            },
        )
        .unwrap();
        assert_eq!(out, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_ends_the_work_though_the_input_goes_on() {
        // The input never gives a second item and never ends.
        let (_held, never) = mpsc::channel::<usize>();
        let items = std::iter::once(1).chain(never);
        let outcome = map(
            items,
            of(2),
            AHEAD,
            || |item| item,
            |step| match step {
                Step::Ready(_) => Err("enough"),
                Step::Waiting => Ok(()),
            },
        );
        assert_eq!(outcome, Err("enough"));
    }
}
