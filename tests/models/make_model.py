"""Makes stand-ins for models, so that tests know the answers whatever the shipped ones have learnt.

    pip install onnx==1.23.2 && python3 make_model.py

level.onnx: a voice model that calls loud sound synthetic: logit = 150 * mean(|samples|) - 4, else as models/voice-clone.onnx.
place.onnx: a face detector that sees one face, always at the same place, wherever the picture is not dark.
ground.onnx: a replay model that calls bright surroundings presented, by a little: logit = (mean of the wide crop - 120) / 80, and a map of 8 x 8 of the same.
glow.onnx:  a face model that calls bright faces synthetic: logit = (mean of the crop - 120) / 8, and a map of 10 x 10 of the same.
Its sha256 goes into manifest.toml.
"""

import hashlib
import pathlib

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy as np

FLOAT, BYTE = TensorProto.FLOAT, TensorProto.UINT8


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, ["batch", *shape])


def const(name, array):
    return numpy_helper.from_array(np.array(array), name)


LEVEL = helper.make_graph(
    [
        helper.make_node("Abs", ["samples"], ["abs"]),
        helper.make_node("ReduceMean", ["abs", "axis"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logit"]),
    ],
    "level",
    [value("samples", FLOAT, [64000])],
    [value("logit", FLOAT, [])],
    [const("axis", np.array([1], np.int64)), const("gain", np.float32(150)), const("offset", np.float32(-4))],
)

# x, y, width, height, then eyes, nose and corners of the mouth, pixels of the 320 x 320 input: inside the picture also where that is
# wide or high.
FACE = [40, 30, 110, 125, 75, 75, 115, 75, 95, 100, 78, 125, 112, 125]
PLACE = helper.make_graph(
    [
        helper.make_node("Cast", ["picture"], ["levels"], to=FLOAT),
        helper.make_node("ReduceMean", ["levels", "axes"], ["mean"], keepdims=0),
        # 0.9 from a mean of 14 on, none below 10.
        helper.make_node("Sub", ["mean", "dark"], ["above"]),
        helper.make_node("Mul", ["above", "steep"], ["rising"]),
        helper.make_node("Clip", ["rising", "least", "most"], ["certain"]),
        helper.make_node("Reshape", ["certain", "column"], ["score"]),
        helper.make_node("Mul", ["score", "zeros"], ["nothing"]),
        helper.make_node("Add", ["nothing", "face"], ["where"]),
        helper.make_node("Concat", ["score", "where"], ["faces"], axis=1),
    ],
    "place",
    [value("picture", BYTE, [320, 320, 3])],
    [value("faces", FLOAT, [15])],
    [
        const("axes", np.array([1, 2, 3], np.int64)),
        const("dark", np.float32(10)),
        const("steep", np.float32(0.25)),
        const("least", np.float32(0)),
        const("most", np.float32(0.9)),
        const("column", np.array([-1, 1], np.int64)),
        const("zeros", np.zeros((1, 14), np.float32)),
        const("face", np.array([FACE], np.float32)),
    ],
)


def glow(name, side, gain):
    cells = side // 16
    nodes = [
        helper.make_node("Cast", ["crop"], ["levels"], to=FLOAT),
        helper.make_node("ReduceMean", ["levels", "colours"], ["grey"], keepdims=0),
        helper.make_node("Unsqueeze", ["grey", "plane"], ["image"]),
        helper.make_node("AveragePool", ["image"], ["cells"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Reshape", ["cells", "row"], ["each"]),
        helper.make_node("Sub", ["each", "middle"], ["above"]),
        helper.make_node("Mul", ["above", "gain"], ["map"]),
        helper.make_node("ReduceMean", ["map", "plane"], ["logit"], keepdims=1),
        helper.make_node("Concat", ["logit", "map"], ["logit_and_map"], axis=1),
    ]
    constants = [
        const("colours", np.array([3], np.int64)),
        const("plane", np.array([1], np.int64)),
        const("row", np.array([-1, cells * cells], np.int64)),
        const("middle", np.float32(120)),
        const("gain", np.float32(gain)),
    ]
    out = value("logit_and_map", FLOAT, [1 + cells * cells])
    return helper.make_graph(nodes, name, [value("crop", BYTE, [side, side, 3])], [out], constants)


GLOW, GROUND = glow("glow", 160, 1 / 8), glow("ground", 128, 1 / 80)

if __name__ == "__main__":
    for graph in [LEVEL, PLACE, GLOW, GROUND]:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        path = pathlib.Path(__file__).parent / f"{graph.name}.onnx"
        onnx.save(model, path)
        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
