"""Makes level.onnx: a stand-in for a voice model that calls loud sound synthetic, so that tests know the answer.

    pip install onnx==1.23.2 && python3 make_model.py

logit = 150 * mean(|samples|) - 4, the contract of models/voice-clone.onnx otherwise.
"""

import pathlib

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy as np

GRAPH = helper.make_graph(
    [
        helper.make_node("Abs", ["samples"], ["abs"]),
        helper.make_node("ReduceMean", ["abs", "axis"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logit"]),
    ],
    "level",
    [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", 64000])],
    [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"])],
    [
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        numpy_helper.from_array(np.array(150, np.float32), "gain"),
        numpy_helper.from_array(np.array(-4, np.float32), "offset"),
    ],
)

if __name__ == "__main__":
    model = helper.make_model(GRAPH, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, pathlib.Path(__file__).parent / "level.onnx")
