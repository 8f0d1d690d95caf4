"""Runs the autoencoder's ONNX graph, written out as a plan, in torch."""
import torch
import torch.nn.functional as F

class Graph:
    def __init__(self, path, device):
        plan = torch.load(path, map_location="cpu", weights_only=True)
        self.nodes, self.inputs, self.outputs = plan["nodes"], plan["inputs"], plan["outputs"]
        self.w = {k: v.to(device).float() if v.is_floating_point() else v for k, v in plan["weights"].items()}
    @torch.no_grad()
    def __call__(self, x):
        v = dict(self.w); v[self.inputs[0]] = x
        for op, ins, outs, a in self.nodes:
            i = [v[n] if n else None for n in ins]
            if op == "Cast": o = i[0].float() if a.get("to") in (1, 10) and i[0].is_floating_point() else i[0]
            elif op == "Conv": o = F.conv2d(F.pad(i[0], [a["pads"][1], a["pads"][3], a["pads"][0], a["pads"][2]]), i[1], i[2] if len(i) > 2 else None, a.get("strides", [1, 1]), 0, a.get("dilations", [1, 1]), a.get("group", 1))
            elif op == "Relu": o = F.relu(i[0])
            elif op == "Add": o = i[0] + i[1]
            elif op == "Mul": o = i[0] * i[1]
            elif op == "Div": o = i[0] / i[1]
            elif op == "Tanh": o = torch.tanh(i[0])
            elif op == "Shape": o = torch.tensor(i[0].shape)
            elif op == "Reshape": o = i[0].reshape([int(d) if d != 0 else i[0].shape[k] for k, d in enumerate(i[1].tolist())])
            elif op == "InstanceNormalization": o = F.instance_norm(i[0], weight=i[1], bias=i[2], eps=a.get("epsilon", 1e-5))
            elif op == "Resize": o = F.interpolate(i[0], scale_factor=2, mode="nearest")
            else: raise ValueError(op)
            v[outs[0]] = o
        return v[self.outputs[0]]

def plan(onnx_path, out):
    import onnx
    from onnx import numpy_helper
    g = onnx.load(onnx_path).graph
    w = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in g.initializer}
    nodes = []
    for n in g.node:
        a = {x.name: onnx.helper.get_attribute_value(x) for x in n.attribute}
        if n.op_type == "Constant":
            w[n.output[0]] = torch.from_numpy(numpy_helper.to_array(a["value"]).copy()); continue
        a = {k: (list(x) if not isinstance(x, (int, float, bytes)) else x) for k, x in a.items()}
        a = {k: x.decode() if isinstance(x, bytes) else x for k, x in a.items()}
        if n.op_type == "Resize": print(a, [w[i] for i in n.input[1:] if i in w])
        nodes.append((n.op_type, list(n.input), list(n.output), a))
    torch.save(dict(nodes=nodes, weights={k: v.half() if v.dtype == torch.float32 and v.numel() > 64 else v for k, v in w.items()}, inputs=[g.input[0].name], outputs=[g.output[0].name]), out)

if __name__ == "__main__":
    import sys, numpy as np, onnxruntime as ort
    d = sys.argv[1]; o = sys.argv[2]
    for n in ("encoder", "decoder"): plan(f"{d}/{n}.onnx", f"{o}/{n}.pt")
    x = np.random.rand(1, 3, 96, 112).astype(np.float32)
    s = [ort.InferenceSession(f"{d}/{n}.onnx") for n in ("encoder", "decoder")]
    l = s[0].run(None, {"image": x})[0]; y = s[1].run(None, {"latent": l})[0]
    l2 = Graph(f"{o}/encoder.pt", "cpu")(torch.from_numpy(x)); y2 = Graph(f"{o}/decoder.pt", "cpu")(l2)
    print(np.abs(l - l2.numpy()).max(), np.abs(y - y2.numpy()).max())
