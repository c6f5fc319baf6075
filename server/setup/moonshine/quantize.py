"""python quantize.py OUT CONVERSION ENCODER DECODER: makes ONNX graphs of the two .ort files of a Moonshine model.

CONVERSION is folded, folded-quantized, folded-blocks-8 or folded-blocks-4.

As published, the graphs cast int8 weights back to float at every step of the decoder, which costs 125 ms a token. Here they are
folded to float32, once. `folded-quantized` then quantizes the matrix products dynamically (int8 weights and activations, weights
per channel); `folded-blocks-8` and `-4` round their weights to nearest in blocks of 32 that share a scale, and leave it to the
processor to round activations to int8. Writes OUT/encoder and OUT/decoder. Needs onnx and onnxruntime.
"""

import os
import sys

import onnx
import onnxruntime as ort
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

# As many weights as share a scale in llama.cpp's and whisper.cpp's q8_0 and q4_0.
BLOCK_SIZE = 32
# Of MatMulNBits: activations in int8, so that integer instructions multiply.
INTEGER_ACTIVATIONS = 4


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


def quantize_dynamically(folded: str, target: str) -> None:
    quantize_dynamic(
        folded,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        # The decoder's two branches are subgraphs; products of two activations stay float.
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )


def round_in_blocks(folded: str, target: str, bits: int) -> None:
    how = DefaultWeightOnlyQuantConfig(
        block_size=BLOCK_SIZE, is_symmetric=True, accuracy_level=INTEGER_ACTIVATIONS, bits=bits
    )
    quantizer = MatMulNBitsQuantizer(onnx.load(folded), algo_config=how)
    quantizer.process()
    onnx.save(quantizer.model.model, target)


def convert(source: str, target: str, conversion: str) -> None:
    plain = saved(source, f"{target}.plain.onnx", ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    folded = saved(plain, f"{target}.folded.onnx", ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
    os.remove(plain)
    if conversion == "folded":
        os.rename(folded, target)
        return
    if conversion == "folded-quantized":
        quantize_dynamically(folded, target)
    else:
        round_in_blocks(folded, target, bits=int(conversion.removeprefix("folded-blocks-")))
    os.remove(folded)


out, conversion, encoder, decoder = sys.argv[1:]
convert(encoder, os.path.join(out, "encoder"), conversion)
convert(decoder, os.path.join(out, "decoder"), conversion)
