import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import manifest

TEXT = """schema = "callguard.models/1"

[[model]]
id = "a"
file = "a.onnx"

[[model.input]]
name = "x"

# what b is for
[[model]]
id = "b"

[[cue]]
id = "a"
"""


class Manifest(unittest.TestCase):
    def put(self, model, block):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "manifest.toml"
            path.write_text(TEXT)
            manifest.put(path, model, block)
            return path.read_text()

    def test_one_entry_changes_and_the_others_stay(self):
        self.assertEqual(self.put("a", '[[model]]\nid = "a"\nnew = 1\n'), TEXT.replace('file = "a.onnx"\n\n[[model.input]]\nname = "x"\n', "new = 1\n"))

    def test_a_new_entry_goes_to_the_end(self):
        self.assertEqual(self.put("c", '[[model]]\nid = "c"\n'), TEXT + '\n[[model]]\nid = "c"\n')

    def test_a_cue_is_no_model_of_that_name(self):
        self.assertEqual(self.put("a", '[[cue]]\nid = "a"\nnew = 1\n'), TEXT + "new = 1\n")

    def test_writing_the_same_again_changes_nothing(self):
        self.assertEqual(self.put("b", '[[model]]\nid = "b"\n'), TEXT)


if __name__ == "__main__":
    unittest.main()
