// Package published opens models in the layouts in which they are published: a folder as on Hugging
// Face, or a GGUF file. It finds the weights, the configuration, the tokenizer and the chat format.
package published
