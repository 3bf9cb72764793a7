"""Images in class folders, and every way in which a folder can be wrong."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
import sample
import torch
import world
from PIL import Image

from danas_worker.data import Data
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode


def opened(root: Path, **fields: object) -> Data:
    return sample.opened(sample.folder(root), **{"classes": 2, "valid_fraction": 0.0, "test_fraction": 0.0} | fields)  # type: ignore[arg-type]


def refused(root: Path, match: str, **fields: object) -> JobFailed:
    with pytest.raises(JobFailed, match=match) as failed:
        opened(root, **fields)
    assert failed.value.code == FailureCode.data
    assert failed.value.hint
    return failed.value


def two_classes(root: Path, a: int = 3, b: int = 2) -> Path:
    for name, count in (("a", a), ("b", b)):
        for index in range(count):
            sample.paint(root / name / f"{index}.png", 10 * index)
    return root


def test_one_tree_is_split_by_the_fractions(tmp_path: Path) -> None:
    data = opened(two_classes(tmp_path, 10, 20), valid_fraction=0.1, test_fraction=0.2)
    # a: 2 of 10, 1 of 8 (0.8 rounded), 7; b: 4 of 20, 2 of 16 (1.6 rounded), 14
    assert sample.counts(data) == {"train": (7, 14), "valid": (1, 2), "test": (2, 4), "full": (8, 16)}


@pytest.mark.parametrize("valid", ["val", "valid"])
def test_split_folders_are_taken_where_they_are(tmp_path: Path, valid: str) -> None:
    two_classes(tmp_path / "train", 3, 2)
    two_classes(tmp_path / valid, 1, 1)
    sample.paint(tmp_path / "test" / "b" / "x.png")
    data = opened(tmp_path, valid_fraction=0.5, test_fraction=0.5)
    assert sample.counts(data) == {"train": (3, 2), "valid": (1, 1), "test": (0, 1), "full": (4, 3)}


def test_a_missing_split_is_held_out_beside_those_that_are_there(tmp_path: Path) -> None:
    two_classes(tmp_path / "train", 10, 10)
    two_classes(tmp_path / "test", 1, 1)
    data = opened(tmp_path, valid_fraction=0.2, test_fraction=0.5)
    assert sample.counts(data) == {"train": (8, 8), "valid": (2, 2), "test": (1, 1), "full": (10, 10)}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    sample.paint(tmp_path / "train" / "x.png")
    sample.paint(tmp_path / "bus" / "x.png")
    assert opened(tmp_path).classes == ("bus", "train")


def test_names_are_sorted_plainly_and_images_found_below(tmp_path: Path) -> None:
    for name in ("class10", "class2", "Zebra", "ämne"):
        sample.paint(tmp_path / name / "deep" / "er" / "x.JPG", mode="RGB", colour=(1, 2, 3))
    data = opened(tmp_path, classes=4)
    assert data.classes == ("Zebra", "class10", "class2", "ämne"), "by code points, as torchvision does"
    assert sample.counts(data)["train"] == (1, 1, 1, 1)


def test_hidden_files_and_other_files_are_passed_over(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "a" / "._0.png").write_bytes(b"left by a Mac")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    sample.paint(tmp_path / "a" / ".ipynb_checkpoints" / "0-checkpoint.png")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README").write_text("hello")
    assert sample.counts(opened(tmp_path))["train"] == (3, 2)


def test_where_the_folder_stands_and_when_it_was_written_do_not_matter(tmp_path: Path) -> None:
    one, other = two_classes(tmp_path / "one"), two_classes(tmp_path / "other")
    os.utime(other / "a" / "0.png", (1, 1))
    assert opened(one).info == opened(other).info
    sample.paint(other / "a" / "0.png", 255)
    assert opened(one).info.fingerprint != opened(other).info.fingerprint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "nothing cannot be read: No such file")


@pytest.mark.parametrize("depth", ["top", "class", "below"])
def test_a_folder_that_may_not_be_read(tmp_path: Path, depth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    two_classes(tmp_path)
    sample.paint(tmp_path / "a" / "deep" / "x.png")
    closed = {"top": tmp_path, "class": tmp_path / "a", "below": tmp_path / "a" / "deep"}[depth]

    # not by its mode: root may read everything
    def guarded(real):  # type: ignore[no-untyped-def]
        def look(path="."):  # type: ignore[no-untyped-def]
            if Path(path) == closed:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        return look

    monkeypatch.setattr(os, "scandir", guarded(os.scandir))
    monkeypatch.setattr(os, "listdir", guarded(os.listdir))
    failure = refused(tmp_path, f"{closed} cannot be read: Permission denied")
    assert "permissions" in failure.hint


def test_a_class_without_images(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "empty").mkdir()
    refused(tmp_path, "class folder .*empty holds no image")
    (tmp_path / "empty" / "x.heic").write_bytes(b"?")
    refused(tmp_path, "none of its 1 files ends in .bmp, .gif, .jpeg")


def test_one_class_alone(tmp_path: Path) -> None:
    sample.paint(tmp_path / "a" / "x.png")
    refused(tmp_path, "has 1 class folder, at least 2")


def test_no_class_at_all(tmp_path: Path) -> None:
    sample.paint(tmp_path / "x.png")
    refused(tmp_path, "has no class folders, at least 2")


def test_classes_that_differ_only_in_case(tmp_path: Path) -> None:
    for name in ("Cat", "cat"):
        sample.paint(tmp_path / name / "x.png")
    refused(tmp_path, "'Cat' and 'cat' .* differ only in case")


def test_classes_that_differ_only_in_their_unicode_form(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        sample.paint(tmp_path / unicodedata.normalize(form, "café") / "x.png")  # type: ignore[arg-type]
    refused(tmp_path, "differ only in case or in Unicode form")


def test_a_class_whose_name_is_no_text(tmp_path: Path) -> None:
    two_classes(tmp_path)
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    refused(tmp_path, "is not UTF-8")


def test_a_class_that_only_the_test_has(tmp_path: Path) -> None:
    two_classes(tmp_path / "train")
    two_classes(tmp_path / "test")
    sample.paint(tmp_path / "test" / "stranger" / "x.png")
    refused(tmp_path, "test/stranger has no counterpart in the training images")


def test_two_folders_for_validation(tmp_path: Path) -> None:
    for split in ("train", "val", "valid"):
        two_classes(tmp_path / split)
    refused(tmp_path, "has both valid and val")


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "c").symlink_to(tmp_path / "gone")
    refused(tmp_path, "/c is a link that leads nowhere")


def test_a_link_that_leads_somewhere_is_a_class(tmp_path: Path) -> None:
    two_classes(tmp_path / "elsewhere")
    (tmp_path / "root").mkdir()
    for name in ("a", "b"):
        (tmp_path / "root" / name).symlink_to(tmp_path / "elsewhere" / name)
    assert sample.counts(opened(tmp_path / "root"))["train"] == (3, 2)


def test_a_link_inside_a_class_is_followed(tmp_path: Path) -> None:
    two_classes(tmp_path / "root")
    two_classes(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "more").symlink_to(tmp_path / "elsewhere" / "a")
    (tmp_path / "root" / "b" / "one.png").symlink_to(tmp_path / "elsewhere" / "b" / "0.png")
    assert sample.counts(opened(tmp_path / "root"))["train"] == (6, 3)


@pytest.mark.parametrize(
    ("link", "target"), [("a/again", "."), ("a/again", ".."), ("a/deep/again", ".."), ("again", ".")]
)
def test_links_that_lead_in_a_circle_are_named(tmp_path: Path, link: str, target: str) -> None:
    two_classes(tmp_path)
    sample.paint(tmp_path / "a" / "deep" / "x.png")
    (tmp_path / link).symlink_to(target)
    refused(tmp_path, "links lead in a circle at .*again")


def test_links_that_lead_to_one_another_are_named(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "a" / "to-b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to-a").symlink_to(tmp_path / "a")
    refused(tmp_path, "links lead in a circle at .*to-[ab]")


def test_a_link_to_itself_leads_nowhere(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "a" / "x.png").symlink_to("x.png")
    refused(tmp_path, "a/x.png cannot be read: Too many levels of symbolic links")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path, "/loop is a link that leads nowhere")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "b" / "empty.png").touch()
    refused(tmp_path, "b/empty.png cannot be read as an image: it is empty")


def test_a_pipe_named_like_an_image_does_not_keep_the_worker_waiting(tmp_path: Path) -> None:
    two_classes(tmp_path)
    os.mkfifo(tmp_path / "b" / "pipe.png")
    refused(tmp_path, "b/pipe.png cannot be read as an image: it is no regular file")


def test_a_file_that_would_fill_the_memory_is_not_even_read(tmp_path: Path) -> None:
    two_classes(tmp_path)
    with (tmp_path / "b" / "huge.png").open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    refused(tmp_path, "b/huge.png cannot be read as an image: it has 1099.5 GB")


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    two_classes(tmp_path)
    pictures = [Image.new("L", (4, 4), value) for value in (200, 10)]
    pictures[0].save(tmp_path / "a" / "moving.gif", save_all=True, append_images=pictures[1:])
    data = opened(tmp_path)
    x_NCHW, _ = data.stream(world.stream(shuffle=False, batch_size=6), torch.device("cpu"), False).batch(0)
    assert sample.shown(data, x_NCHW) == [0, 10, 20, 200, 0, 10]


def test_an_archive_is_not_unpacked_so_nothing_in_it_can_lead_out(tmp_path: Path) -> None:
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../outside/a/x.png", b"x")
    assert "unpacked" in refused(archive, "photos.zip cannot be read: Not a directory").hint
    two_classes(tmp_path / "photos")
    archive.rename(tmp_path / "photos" / "a" / "photos.zip")
    assert sample.counts(opened(tmp_path / "photos"))["train"] == (3, 2), "passed over, as any file of another ending"


def test_a_folder_that_may_only_be_read_is_enough(tmp_path: Path) -> None:
    two_classes(tmp_path)
    before = opened(tmp_path).info
    everything = [tmp_path, *tmp_path.rglob("*")]
    for path in everything:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert opened(tmp_path).info == before
    finally:
        for path in everything:
            path.chmod(0o700)


def test_a_class_whose_name_has_another_unicode_form_in_the_test_images(tmp_path: Path) -> None:
    for split, form in (("train", "NFC"), ("test", "NFD")):
        two_classes(tmp_path / split)
        sample.paint(tmp_path / split / unicodedata.normalize(form, "café") / "x.png")  # type: ignore[arg-type]
    assert "Unicode form" in refused(tmp_path, "has no counterpart in the training images", classes=3).hint


def test_a_file_that_vanished_is_told_where_images_are_decoded_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danas_worker.data.images.EAGER_BYTES", 0)
    for split in ("train", "test"):
        two_classes(tmp_path / split)
    (tmp_path / "test" / "b" / "gone.png").symlink_to("nowhere")
    refused(tmp_path, "gone.png cannot be read: No such file")


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "b" / "bad.png").write_text("not a picture")
    failure = refused(tmp_path, "b/bad.png cannot be read as an image: it is damaged, or none")
    assert "repair or remove" in failure.hint


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "webp", "tif"])
def test_a_damaged_image_is_named_whatever_its_kind(tmp_path: Path, ending: str) -> None:
    two_classes(tmp_path)
    file = sample.paint(tmp_path / "b" / f"cut.{ending}", (9, 8, 7), (64, 64), mode="RGB")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    refused(tmp_path, f"b/cut.{ending} cannot be read as an image")


def test_an_image_that_would_fill_the_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_classes(tmp_path)
    sample.paint(tmp_path / "b" / "bomb.png", 0, (100, 100))
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 1000)
    refused(tmp_path, "b/bomb.png cannot be read as an image: .*decompression bomb")


def test_images_have_one_or_three_channels(tmp_path: Path) -> None:
    refused(two_classes(tmp_path), "1 or 3 channels, not 2", shape=(2, 4, 4))
