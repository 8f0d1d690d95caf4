"""models/manifest.toml, changed one entry at a time: what others wrote into it stays as it is."""

import re

HEADER = 'schema = "callguard.models/1"\n'
START = re.compile(r"^\[\[(?:model|cue|fusion)\]\]$", re.MULTILINE)


def put(path, name, block):
    """Replaces the entry of that kind and id, or adds it at the end. `block` begins with its kind, [[model]] or [[cue]]."""
    kind = block.split("\n", 1)[0]
    text = path.read_text() if path.is_file() else HEADER
    starts = [m.start() for m in START.finditer(text)] + [len(text)]
    for begin, end in zip(starts, starts[1:]):
        old = text[begin:end]
        if old.startswith(kind + "\n") and re.search(rf'^id = "{re.escape(name)}"$', old, re.MULTILINE):
            # Remarks right above the next entry belong to that one.
            kept = re.search(r"(?:\n(?:#.*)?)*\Z", old).group()
            path.write_text(text[:begin] + block.rstrip("\n") + (kept or "\n") + text[end:])
            return
    path.write_text(text.rstrip("\n") + "\n\n" + block.rstrip("\n") + "\n")


def crops(name, version, hypothesis, sha256, side, outputs, tables):
    """The entry of a network that looks at square crops of a face; `tables` as calibration() gives them."""
    return f"""[[model]]
id = "{name}"
version = "{version}"
file = "{name}.onnx"
sha256 = "{sha256}"
task = "{name}"
source = "{name}"
hypotheses = ["{hypothesis}"]
licence = "Apache-2.0"
card = "cards/{name}.md"
batch_buckets = [1, 2, 4, 8]

[[model.input]]
name = "crop"
type = "uint8"
shape = ["batch", {side}, {side}, 3]

[[model.output]]
name = "scores"
type = "float32"
shape = ["batch", {outputs}]

{tables}"""


def calibration(fitted, law, written_by, kind="model"):
    """The tables of a calibration and of a law, where there is one"""
    quality = "".join(
        f"\n[[{kind}.calibration.quality]]\n" + f'measure = "{t["measure"]}"\ntransform = "{t["transform"]}"\n'
        + "".join(f"{key} = {t[key]:.6g}\n" if t[key] % 1 else f"{key} = {t[key]:.1f}\n" for key in ("min", "max", "centre", "scale", "offset", "slope"))
        for t in fitted["quality"]
    )
    calibrated = f"""# Written by models/evaluate/{written_by} from figures on folds; see the card.
[{kind}.calibration]
offset = {fitted["offset"]:.6g}
slope = {fitted["slope"]:.6g}
clip = {fitted["clip"]:.1f}
{quality}"""
    if law is None:
        return calibrated
    return f"""{calibrated}
[{kind}.law]
variance = {law["variance"]:.2f}
rho = {law["rho"]:.3f}
epsilon = {law["epsilon"]:.3f}
independence_s = {law["independence_s"]:.1f}
hop_s = {law["hop_s"]:.1f}
"""
