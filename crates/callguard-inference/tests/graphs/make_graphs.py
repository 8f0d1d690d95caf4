#!/usr/bin/env python3
"""Makes the graphs of the tests beside itself. Needs the package `onnx`; the result is the same on every run.

Usage: python3 make_graphs.py
"""

from pathlib import Path

from onnx import TensorProto, checker, helper

HERE = Path(__file__).resolve().parent
FLOAT, INT64, UINT8, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8, TensorProto.BOOL


def floats(name, shape, values):
    return helper.make_tensor(name, FLOAT, shape, values)


def integers(name, shape, values):
    return helper.make_tensor(name, INT64, shape, values)


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info(*o) for o in outputs],
        list(initializers),
    )
    model = helper.make_model(
        graph, producer_name="callguard-tests", ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    )
    checker.check_model(model, full_check=True)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def linear(name, batch, width):
    """logit = 1 x0 + 10 x1 + 100 x2 + … + 0.5"""
    save(
        name,
        [
            helper.make_node("MatMul", ["x", "weights"], ["sum"]),
            helper.make_node("Add", ["sum", "bias"], ["logit"]),
        ],
        [("x", FLOAT, [batch, width])],
        [("logit", FLOAT, [batch])],
        [floats("weights", [width], [10.0**i for i in range(width)]), floats("bias", [], [0.5])],
    )


def slow():
    """Some 100 ms of small nodes; logit = sum of x."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["still"]),
            helper.make_node("MatMul", ["v", "eye"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", INT64, []),
            helper.make_tensor_value_info("going", BOOL, []),
            helper.make_tensor_value_info("v", FLOAT, ["batch", 64]),
        ],
        [
            helper.make_tensor_value_info("still", BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, ["batch", 64]),
        ],
    )
    save(
        "slow",
        [
            helper.make_node("ConstantOfShape", ["square"], ["ones"], value=floats("one", [1], [1.0])),
            helper.make_node("EyeLike", ["ones"], ["eye"]),
            helper.make_node("Loop", ["trips", "", "x"], ["end"], body=body),
            helper.make_node("ReduceSum", ["end", "axis"], ["logit"], keepdims=0),
        ],
        [("x", FLOAT, ["batch", 64])],
        [("logit", FLOAT, ["batch"])],
        [integers("square", [2], [64, 64]), integers("trips", [], [40_000]), integers("axis", [1], [1])],
    )


def main():
    save(
        "identity",
        [helper.make_node("Identity", ["x"], ["y"])],
        [("x", FLOAT, ["batch", 4])],
        [("y", FLOAT, ["batch", 4])],
    )
    linear("weights", "batch", 3)
    linear("wide", "batch", 5)
    linear("one-at-a-time", 1, 3)
    # An index outside the table fails the run: what one caller can do to the others of its batch.
    save(
        "picky",
        [
            helper.make_node("Cast", ["x"], ["index"], to=INT64),
            helper.make_node("Gather", ["table", "index"], ["y"], axis=0),
        ],
        [("x", FLOAT, ["batch", 1])],
        [("y", FLOAT, ["batch", 1])],
        [floats("table", [4], [10.0, 11.0, 12.0, 13.0])],
    )
    save(
        "bytes",
        [
            helper.make_node("Cast", ["pixels"], ["values"], to=FLOAT),
            helper.make_node("ReduceMean", ["values"], ["logit"], axes=[1, 2, 3], keepdims=0),
        ],
        [("pixels", UINT8, ["batch", 3, 2, 2])],
        [("logit", FLOAT, ["batch"])],
    )
    slow()
    (HERE / "corrupt.onnx").write_bytes((HERE / "weights.onnx").read_bytes()[:60])


if __name__ == "__main__":
    main()
