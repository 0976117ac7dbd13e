//! A backup or a restore that breaks off, and a backup that is damaged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Scene, elsewhere};
use crate::harness::{Installation, on_both_databases, pdf};

on_both_databases! {
    Installation:
    a_restore_that_broke_off_starts_no_server_and_is_repeated,
    a_backup_that_is_damaged_is_not_brought_back,
    what_is_damaged_in_a_backup_can_be_left_out_and_is_copied_again,
    a_place_that_is_not_empty_is_left_alone,
}

/// Returns the only file of a document in the directory.
fn paper(directory: &str) -> PathBuf {
    let folder = fs::read_dir(Path::new(directory).join("files")).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

fn newest(directory: &str) -> PathBuf {
    let folders = fs::read_dir(directory).unwrap().map(|folder| folder.unwrap().path());
    folders.filter(|folder| folder.join("manifest.json").exists()).max().unwrap()
}

async fn a_restore_that_broke_off_starts_no_server_and_is_repeated(place: Installation) {
    let scene = Scene::set(place).await;
    scene.upload(&pdf("a paper")).await;
    scene.back_up();
    let (directory, paper) = (scene.directory(), paper(&scene.directory()));
    let away = paper.with_extension("away");
    fs::rename(&paper, &away).unwrap();
    let other = elsewhere(&scene.place).await;
    let said = other.run(&["restore", &directory]).refused();
    assert!(said.contains(&paper.display().to_string()), "{said}");
    let said = other.serve_refused(&[]);
    assert!(said.contains("has not come to its end; repeat `sts-clearance restore`"), "{said}");
    // Another backup has been made meanwhile: the one that was begun goes on.
    fs::rename(&away, &paper).unwrap();
    scene.back_up();
    let said = other.run(&["restore", &directory]).refused();
    assert!(said.starts_with("the restore of another backup, `"), "{said}");
    let first = fs::read_to_string(other.path("data/restoring")).unwrap();
    other.run(&["restore", "--backup", first.trim(), &directory]).expect(0);
    other.serve().kill();
    other.run(&["fsck"]).expect(0);
}

async fn a_backup_that_is_damaged_is_not_brought_back(place: Installation) {
    let scene = Scene::set(place).await;
    scene.upload(&pdf("a paper")).await;
    scene.back_up();
    let directory = scene.directory();
    let (copy, manifest) = (newest(&directory).join("database"), newest(&directory).join("manifest.json"));
    for (file, complaint) in [
        (copy, "is damaged: it is not what the manifest says"),
        (paper(&directory), "damage"),
        (newest(&directory).join("log.key"), "is damaged: it is not what the manifest says"),
        (manifest, "cannot be read: "),
    ] {
        let sound = fs::read(&file).unwrap();
        let mut bytes = sound.clone();
        bytes.truncate(sound.len() / 2);
        bytes.extend(vec![b'x'; sound.len() - sound.len() / 2]);
        fs::write(&file, bytes).unwrap();
        let checked = scene.place.run(&["backup", "--check", &directory]);
        checked.expect(1);
        let other = elsewhere(&scene.place).await;
        let said = other.run(&["restore", &directory]).refused();
        assert!(said.contains(complaint) && said.contains(&file.display().to_string()), "{said}");
        fs::write(&file, sound).unwrap();
    }
    scene.place.run(&["backup", "--check", &directory]).expect(0);
    let left = fs::read_dir(&directory)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".unfinished"));
    assert_eq!(left.count(), 0, "the temporary places are gone");
}

async fn what_is_damaged_in_a_backup_can_be_left_out_and_is_copied_again(place: Installation) {
    let scene = Scene::set(place).await;
    scene.upload(&pdf("a paper")).await;
    scene.upload(&pdf("another paper")).await;
    scene.back_up();
    let (directory, paper) = (scene.directory(), paper(&scene.directory()));
    let sound = fs::read(&paper).unwrap();
    for bytes in [Some(vec![b'x'; sound.len()]), None] {
        match bytes {
            Some(bytes) => fs::write(&paper, bytes).unwrap(),
            None => fs::remove_file(&paper).unwrap(),
        }
        let other = elsewhere(&scene.place).await;
        let said = other.run(&["restore", &directory]).refused();
        assert!(said.contains("bring the rest back without it: `--without-damaged`"), "{said}");
        let ran = other.run(&["restore", "--json", "--without-damaged", &directory]);
        let told: serde_json::Value = serde_json::from_str(ran.expect(1)).unwrap();
        assert_eq!(told["missing"].as_array().unwrap().len(), 1, "{told}");
        other.serve().kill();
    }
    // A disk that rots leaves the size.
    fs::write(&paper, vec![b'x'; sound.len()]).unwrap();
    scene.back_up();
    let checked = scene.place.run(&["backup", "--check", &directory]);
    assert!(
        checked.expect(1).contains("`backup --reread` copies again what the server still has whole"),
        "{checked:?}"
    );
    scene.place.run(&["backup", "--reread", &directory]).expect(0);
    assert_eq!(fs::read(&paper).unwrap(), sound);
    scene.place.run(&["backup", "--check", &directory]).expect(0);
}

async fn a_place_that_is_not_empty_is_left_alone(place: Installation) {
    let scene = Scene::set(place).await;
    scene.back_up();
    let directory = scene.directory();
    let said = scene.place.run(&["restore", &directory]).refused();
    assert!(said.starts_with("there is a database already, "), "{said}");
    // Neither is a directory of something else taken for one of backups.
    fs::create_dir(scene.place.path("other")).unwrap();
    fs::write(scene.place.path("other/letter.txt"), "Dear Sirs").unwrap();
    let said = scene.place.run(&["backup", "other"]).refused();
    assert!(said.contains("is not empty, and is no directory of backups"), "{said}");
    let said = scene.place.run(&["restore", "other"]).refused();
    assert!(said.contains("is no directory of backups"), "{said}");
    let said = scene.place.run(&["backup", "data/backups"]).refused();
    assert!(said.contains("would be lost together with it"), "{said}");
    let said = scene.place.run(&["restore", "--backup", "2020", &directory]).refused();
    assert!(said.contains("has no backup `2020`; it has "), "{said}");
    // What broke off is cleared away by the next.
    fs::create_dir(Path::new(&directory).join(".unfinished-1")).unwrap();
    scene.back_up();
    assert!(!Path::new(&directory).join(".unfinished-1").exists());
}

/// A log that is left of a database that was moved away would be written into the one that comes in its place.
#[tokio::test]
async fn what_is_left_of_a_write_ahead_log_is_refused() {
    let scene = Scene::set(Installation::new(None)).await;
    scene.back_up();
    scene.upload(&pdf("lost")).await;
    let (directory, place) = (scene.directory(), scene.place);
    scene.server.kill();
    fs::create_dir(place.path("away")).unwrap();
    fs::rename(place.path("data/files"), place.path("away/files")).unwrap();
    fs::rename(place.database_file(), place.path("away/sts_clearance.db")).unwrap();
    let said = place.run(&["restore", &directory]).refused();
    assert!(said.contains("or what is left of one (`-wal`, `-shm`)"), "{said}");
    for suffix in ["-wal", "-shm"] {
        let name = format!("sts_clearance.db{suffix}");
        fs::rename(place.path("data").join(&name), place.path("away").join(&name)).unwrap();
    }
    place.run(&["restore", &directory]).expect(0);
    place.run(&["fsck"]).expect(0);
}
