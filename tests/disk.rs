//! Disks that are full, read-only, or that allow only small files. Proves:
//!
//! - a run that cannot write says what, where and what to do; the index then answers as before, and nothing is left behind;
//! - a rebuild asks first whether there is room, and names what is free and what is needed;
//! - an index on a disk that cannot be written is read all the same;
//! - once there is room, the next run does the work.
//!
//! It mounts small file systems in memory: as root, or in a name space of its own, which it starts itself in again with
//! `unshare -rm`. Where neither is allowed it says so on standard error.

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Run, Sealed, files_left_behind};
use serde_json::Value;

/// What tells this program that it runs in a name space of its own.
const INSIDE: &str = "GCM_SEARCH_TEST_NAMESPACE";

/// A small file system in memory, gone when it is dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(folder: &Path, kilobytes: usize) -> Option<Disk> {
        let size = format!("size={kilobytes}k");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        done.is_ok_and(|output| output.status.success()).then(|| Disk { folder: folder.to_path_buf() })
    }

    fn may_be_written(&self, yes: bool) {
        let option = if yes { "remount,rw" } else { "remount,ro" };
        let done = Command::new("mount").args(["-o", option]).arg(&self.folder).output().expect("mount");
        assert!(done.status.success(), "{done:?}");
    }

    /// Fills the disk but for so many bytes.
    fn leave(&self, bytes: u64) {
        let path = self.folder.join("ballast");
        let _ = fs::remove_file(&path);
        let mut file = File::create(&path).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
        let length = file.metadata().expect("its size").len();
        file.set_len(length.saturating_sub(bytes)).expect("shorter");
    }

    fn empty(&self) {
        let _ = fs::remove_file(self.folder.join("ballast"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).output();
    }
}

/// Runs a test with a disk of so many kilobytes, in which the index is to be; in a name space of its own where need be.
fn with_disk(test: &str, kilobytes: usize, work: impl FnOnce(&Sealed, &Disk)) {
    let sealed = Sealed::new();
    let folder = sealed.path().join("disk");
    fs::create_dir(&folder).expect("a folder");
    if let Some(disk) = Disk::mount(&folder, kilobytes) {
        return work(&sealed, &disk);
    }
    // Not what the test harness keeps to itself: whoever runs the tests is to see that this one did nothing.
    let skip = |why: &str| drop(writeln!(std::io::stderr(), "SKIPPED {test}: {why}"));
    if std::env::var_os(INSIDE).is_some() {
        return skip("no file system can be mounted in a name space of its own either");
    }
    let program = std::env::current_exe().expect("this program");
    let again = Command::new("unshare")
        .args(["--map-root-user", "--mount"])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    match again {
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {
            let _ = std::io::stderr().write_all(&output.stderr);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        _ => skip("no file system can be mounted, and no name space made"),
    }
}

/// A run with the index on the disk.
fn on_disk(sealed: &Sealed, args: &[&str]) -> Run {
    let mut command = common::bare_command(sealed.path());
    Run::of(command.args(["--index", "disk/index"]).args(args))
}

fn answer(sealed: &Sealed) -> String {
    let run = on_disk(sealed, &["query", "autorità locali", "--format", "json", "--limit", "50"]);
    assert!(run.code == 0 && run.stderr.is_empty(), "{run}");
    run.stdout
}

/// Documents that make an index of some hundred kilobytes.
fn documents(sealed: &Sealed, name: &str, count: usize) {
    sealed.write(&format!("docs/{name}.jsonl"), common::alike_records(name, "sindaci", count));
}

fn is_whole(sealed: &Sealed, right: &str, when: &str) {
    assert!(answer(sealed) == right, "{when}: it answers otherwise");
    on_disk(sealed, &["status", "--verify"]).code_is(0);
    assert_eq!(files_left_behind(&sealed.path().join("disk/index")), Vec::<String>::new(), "{when}");
}

#[test]
fn a_full_disk_leaves_the_index_as_it_was() {
    with_disk("a_full_disk_leaves_the_index_as_it_was", 4_096, |sealed, disk| {
        documents(sealed, "a", 300);
        on_disk(sealed, &["index", "docs"]).code_is(0);
        let right = answer(sealed);
        documents(sealed, "b", 900);
        let mut failed = 0;
        for left in [0, 4_096, 40_960, 122_880, 245_760, 409_600, 655_360] {
            disk.leave(left);
            let run = on_disk(sealed, &["index"]);
            if run.code == 0 {
                break;
            }
            failed += 1;
            let run = run.code_is(2).says(&["disk/index", "No space left", "make room"]);
            if run.stderr.contains("is up to date, but its files could not be merged") {
                // The commit is done; what is left to do changes no passage.
                let answer: Value = serde_json::from_str(&answer(sealed)).expect("an answer");
                assert_eq!(answer["total"], 1_200, "{run}");
                on_disk(sealed, &["status", "--verify"]).code_is(0);
                break;
            }
            let run = run.says(&["nothing was changed"]);
            is_whole(sealed, &right, &format!("{left} bytes left\n{run}"));
        }
        assert!(failed > 2, "there was always room: the test proves nothing");
        disk.empty();
        on_disk(sealed, &["index"]).code_is(0);
        assert_ne!(answer(sealed), right, "the next run did not do the work");
        is_whole(sealed, &answer(sealed), "after it");
    });
}

#[test]
fn a_rebuild_asks_first_whether_there_is_room() {
    with_disk("a_rebuild_asks_first_whether_there_is_room", 4_096, |sealed, disk| {
        documents(sealed, "a", 600);
        on_disk(sealed, &["index", "docs"]).code_is(0);
        let right = answer(sealed);
        disk.leave(100_000);
        let run = on_disk(sealed, &["index", "--rebuild"]).code_is(2);
        let run = run.says(&["not enough space to rebuild", "MB are free", "MB are needed", "make room"]);
        is_whole(sealed, &right, &run.stderr);
        // What is asked for is not enough where there are more documents than before.
        documents(sealed, "b", 6_000);
        disk.leave(1_000_000);
        let run = on_disk(sealed, &["index", "--rebuild"]).code_is(2);
        let run = run.says(&["No space left", "make room"]);
        is_whole(sealed, &right, &run.stderr);
        fs::remove_file(sealed.path().join("docs/b.jsonl")).expect("removed");
        disk.empty();
        on_disk(sealed, &["index", "--rebuild"]).code_is(0);
        is_whole(sealed, &right, "after it");
    });
}

#[test]
fn a_first_build_on_a_full_disk_leaves_no_half_of_one() {
    with_disk("a_first_build_on_a_full_disk_leaves_no_half_of_one", 2_048, |sealed, disk| {
        documents(sealed, "a", 900);
        for left in [0, 20_480, 163_840] {
            disk.leave(left);
            on_disk(sealed, &["index", "docs"]).code_is(2).says(&["No space left", "make room"]);
            on_disk(sealed, &["status"]).code_is(2).says(&["no index"]);
            let generations = fs::read_dir(sealed.path().join("disk/index"));
            let names = generations.into_iter().flatten().flatten().map(|entry| entry.file_name());
            let names: Vec<_> = names.collect();
            assert!(names.iter().all(|name| name == ".lock"), "{names:?}");
        }
        disk.empty();
        on_disk(sealed, &["index", "docs"]).code_is(0);
        is_whole(sealed, &answer(sealed), "after it");
    });
}

#[test]
fn a_disk_that_cannot_be_written_is_read() {
    with_disk("a_disk_that_cannot_be_written_is_read", 4_096, |sealed, disk| {
        documents(sealed, "a", 100);
        on_disk(sealed, &["index", "docs"]).code_is(0);
        let right = answer(sealed);
        // Nothing that a reader may have made before helps it now.
        for entry in fs::read_dir(disk.folder.join("index/generation-000001")).expect("files").flatten() {
            if entry.file_name().to_string_lossy().ends_with(".lock") {
                fs::remove_file(entry.path()).expect("removed");
            }
        }
        disk.may_be_written(false);
        is_whole(sealed, &right, "read-only");
        on_disk(sealed, &["show", "a-3"]).code_is(0);
        documents(sealed, "b", 100);
        for args in [&["index"][..], &["index", "--rebuild"]] {
            on_disk(sealed, args).code_is(2).says(&["disk/index", "Read-only file system", "--index DIR"]);
        }
        let mut command = common::bare_command(sealed.path());
        let run = Run::of(command.args(["--index", "disk/other", "query", "comuni", "--corpus", "docs"]));
        run.code_is(2).says(&["disk/other", "Read-only file system", "--index DIR"]);
        disk.may_be_written(true);
        on_disk(sealed, &["index"]).code_is(0);
        is_whole(sealed, &answer(sealed), "after it");
    });
}

#[test]
#[cfg(unix)]
fn a_limit_of_file_size_is_an_error() {
    let sealed = Sealed::new();
    documents(&sealed, "a", 50);
    sealed.run(["index", "docs"]).code_is(0);
    let query = ["query", "autorità locali", "--format", "json", "--limit", "50"];
    let right = sealed.run(query).code_is(0).stdout;
    documents(&sealed, "b", 3_000);
    for args in [&["index"][..], &["index", "--rebuild"]] {
        // The shell's unit is 512 or 1024 bytes.
        let mut shell = common::bare_command_of("sh", sealed.path());
        shell
            .args(["-c", "ulimit -f 100; exec \"$0\" \"$@\""])
            .arg(assert_cmd::cargo::cargo_bin!("gcm-search"));
        let run = Run::of(shell.arg("--index").arg(sealed.index()).args(args));
        let run = run.code_is(2).says(&["File too large", "--index DIR"]);
        assert_eq!(sealed.run(query).stdout, right, "{run}");
        sealed.run(["status", "--verify"]).code_is(0);
        assert_eq!(files_left_behind(&sealed.index()), Vec::<String>::new(), "{run}");
    }
    sealed.run(["index"]).code_is(0);
    assert_ne!(sealed.run(query).stdout, right);
}
