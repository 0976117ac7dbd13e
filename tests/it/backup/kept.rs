//! What is in a directory of backups: files once, and no more backups than are wanted.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{Scene, elsewhere, restored};
use crate::harness::{Installation, Ran, on_both_databases, pdf};

on_both_databases! {
    Installation:
    a_second_backup_takes_room_for_what_is_new_only,
    the_oldest_backups_go_with_the_files_that_only_they_have,
    a_file_that_the_store_has_lost_is_named_and_the_rest_is_kept,
    no_backup_of_another_server_or_of_earlier_logs_pushes_out_those_that_are_there,
}

/// Returns the names of the files in the directory.
fn contents(directory: &str) -> BTreeSet<String> {
    let folders = fs::read_dir(Path::new(directory).join("files")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

async fn a_second_backup_takes_room_for_what_is_new_only(place: Installation) {
    let scene = Scene::set(place).await;
    let first = pdf("first");
    scene.upload(&first).await;
    assert_eq!(scene.back_up()["new_bytes"], first.len());
    assert_eq!(scene.back_up()["new_bytes"], 0);
    let second = pdf("the second one");
    scene.upload(&second).await;
    let told = scene.back_up();
    assert_eq!((&told["new_bytes"], &told["files"]), (&second.len().into(), &2.into()));
    assert_eq!(contents(&scene.directory()).len(), 2);
}

async fn the_oldest_backups_go_with_the_files_that_only_they_have(place: Installation) {
    let scene = Scene::set(place).await;
    scene.back_up();
    scene.upload(&pdf("kept")).await;
    let kept = scene.back_up();
    // As if an older backup had had a file of a room that was deleted since.
    let stranger = Path::new(&scene.directory()).join("files/00").join("0".repeat(64));
    fs::create_dir_all(stranger.parent().unwrap()).unwrap();
    fs::write(&stranger, "of a room that is gone").unwrap();
    let ran = scene.place.run(&["backup", "--json", "--keep", "2", &scene.directory()]);
    let told: Value = serde_json::from_str(ran.expect(0)).unwrap();
    assert_eq!(told["removed"].as_array().unwrap().len(), 1);
    assert!(!stranger.exists() && contents(&scene.directory()).len() == 1);
    scene.place.run(&["backup", "--check", "--backup", kept["backup"].as_str().unwrap(), &scene.directory()]).expect(0);
    scene.place.run(&["backup", "--keep", "0", &scene.directory()]).expect(2);
}

async fn no_backup_of_another_server_or_of_earlier_logs_pushes_out_those_that_are_there(place: Installation) {
    let scene = Scene::set(place).await;
    let first = scene.back_up()["backup"].as_str().unwrap().to_owned();
    scene.upload(&pdf("later")).await;
    scene.back_up();
    let (directory, before) = (scene.directory(), contents(&scene.directory()));
    let refused = |place: &Installation, why: &str| {
        let said = place.run(&["backup", "--keep", "1", &directory]).refused();
        assert!(said.contains(why), "{said}");
        assert_eq!(contents(&directory), before);
    };
    let stranger = Scene::set(elsewhere(&scene.place).await).await;
    refused(&stranger.place, "has backups of another server, `");
    let behind = elsewhere(&scene.place).await;
    restored(&behind, &directory, &["--nothing-lost", "--backup", &first]);
    refused(&behind, "the database is behind the backup `");
    // A directory of something else is none of backups, whatever its files are called.
    let other = scene.place.path("project");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("README.txt"), "A project.").unwrap();
    let said = scene.place.run(&["backup", &other.display().to_string()]).refused();
    assert!(said.contains("is not empty, and is no directory of backups"), "{said}");
    // Where logs tell that they lost something, a backup of them is wanted.
    let honest = elsewhere(&scene.place).await;
    restored(&honest, &directory, &["--backup", &first]);
    honest.run(&["backup", &directory]).expect(0);
}

async fn a_file_that_the_store_has_lost_is_named_and_the_rest_is_kept(place: Installation) {
    let scene = Scene::set(place).await;
    scene.upload(&pdf("one")).await;
    scene.upload(&pdf("two")).await;
    scene.upload(&pdf("three")).await;
    let papers = walk(&scene.place.path("data/files/rooms"));
    fs::remove_file(&papers[0]).unwrap();
    fs::write(&papers[1], "other bytes").unwrap();
    let ran = scene.place.run(&["backup", "--with-keys", &scene.directory()]);
    let said = ran.expect(1);
    assert!(said.contains(": it is missing") && said.contains(": its bytes are not what they were"), "{said}");
    assert!(said.contains(", 1 file of "), "{said}");
    // What is there is a backup all the same.
    let other = super::elsewhere(&scene.place).await;
    let ran: Ran = other.run(&["restore", &scene.directory()]);
    assert_eq!(ran.expect(1).matches("not brought back: ").count(), 2, "{ran:?}");
    other.serve().kill();
}

/// Returns the files below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
