// Package gguf reads and writes models in the format GGUF, versions 2 and 3, little-endian:
// metadata of typed values, and tensors of the types F32, F16, BF16 and Q8_0.
//
// A reader checks the whole header before it returns: counts and lengths fit the file, no key and
// no name appears twice, and tensors are aligned, lie within the file and do not overlap. Elements
// are read from the file when they are asked for.
//
// Model gives the tensors and the configuration the names that they have in the layout of Hugging
// Face, so that a converter needs to know one layout only:
//
//	token_embd                    model.embed_tokens
//	output_norm, output           model.norm, lm_head
//	blk.N.attn_norm, ffn_norm     model.layers.N.input_layernorm, post_attention_layernorm
//	blk.N.attn_q, k, v, output    model.layers.N.self_attn.q_proj, k_proj, v_proj, o_proj
//	blk.N.attn_q_norm, k_norm     model.layers.N.self_attn.q_norm, k_norm
//	blk.N.ffn_gate, up, down      model.layers.N.mlp.gate_proj, up_proj, down_proj
//
// The architecture "llama" (which Mistral and SmolLM share) rotates neighbouring elements of a
// head, and Hugging Face's layout element i together with i + D/2. Its files therefore hold the
// rows of q and k of each head of D rows in another order: row 2i + j of a head in the file is row
// j·D/2 + i of Hugging Face. Model undoes this. The architectures "qwen2" and "qwen3" keep the
// order.
package gguf
