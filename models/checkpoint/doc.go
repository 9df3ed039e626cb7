// Package checkpoint describes the trained weights of a decoder before their conversion: the
// configuration in the words of Hugging Face's config.json, and named tensors of floats. Readers of
// files (safetensors, GGUF) provide both.
package checkpoint
