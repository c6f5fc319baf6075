"""python quantize.py OUT folded|folded-quantized ENCODER DECODER: makes ONNX graphs of the two .ort files of a Moonshine model.

As published, the graphs cast int8 weights back to float at every step of the decoder, which costs 125 ms a token. Here they are
folded to float32, once; `folded-quantized` then quantizes the matrix products dynamically (int8 weights and activations, weights
per channel). Writes OUT/encoder and OUT/decoder. Needs onnx and onnxruntime.
"""

import os
import sys

import onnx
import onnxruntime as ort
from onnxruntime.quantization import QuantType, quantize_dynamic


def name_graphs(graph: onnx.GraphProto, parent: str = "graph") -> None:
    """Subgraphs come out of an .ort file without names, and a graph without one is refused."""
    graph.name = graph.name or parent
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                name_graphs(attribute.g, f"{graph.name}.{attribute.name}")


def saved(source: str, target: str, level: ort.GraphOptimizationLevel) -> str:
    """What onnxruntime makes of a graph at an optimization level; the basic one is the same on every processor."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = target
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    model = onnx.load(target)
    name_graphs(model.graph)
    onnx.save(model, target)
    return target


def convert(source: str, target: str, quantized: bool) -> None:
    plain = saved(source, f"{target}.plain.onnx", ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    folded = saved(plain, f"{target}.folded.onnx", ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
    os.remove(plain)
    if not quantized:
        os.rename(folded, target)
        return
    quantize_dynamic(
        folded,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        # The decoder's two branches are subgraphs; products of two activations stay float.
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    os.remove(folded)


out, conversion, encoder, decoder = sys.argv[1:]
convert(encoder, os.path.join(out, "encoder"), conversion == "folded-quantized")
convert(decoder, os.path.join(out, "decoder"), conversion == "folded-quantized")
