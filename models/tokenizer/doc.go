// Package tokenizer turns text into the numbers of a model's vocabulary and back. It covers
// byte-pair encoding in its two published forms: over bytes (Llama 3, Qwen, SmolLM, GPT-2), and
// over characters with bytes for those that the vocabulary does not have (Llama 2, Mistral).
//
// ReadHuggingFace reads a tokenizer.json, and ReadGGUF the metadata of a GGUF file. Both give a
// Spec, the form of this package: plain steps and two packed tables, which is written into a
// converted model as JSON and which a program in a sandbox reads quickly. New makes a Tokenizer of
// it. A feature that the package does not have is refused when the tokenizer is read.
//
// # Encoding
//
// A text is cut at special tokens. Each piece is normalized and cut into words by the steps of the
// Spec, and in each word the neighbours that come first in the list of merges are joined until
// none is left. A Part that is marked as Plain holds text of a stranger: the names of special
// tokens in it are ordinary text. In contrast, the words of a text go over the borders of parts, so
// that the numbers are those of the whole text.
//
// # Decoding
//
// A Decoder takes one number at a time and returns the text that is certain. The bytes of an
// incomplete character are held back. Bytes that are not UTF-8 become U+FFFD, one for each maximal
// part of a character. Here the package differs from the library tokenizers in one case: in the
// second form, that library writes one U+FFFD per byte of a row of byte tokens in which any byte is
// wrong. The cleaning of spaces before punctuation, which some configurations ask of a decoder, is
// left out.
//
// # Deviations from the library tokenizers
//
// A special token that the file marks as "normalized" is looked for in the text before it is
// normalized. Text that is not UTF-8 is encoded as if it had U+FFFD in these places. Which
// characters are letters and numbers follows the tables of the Go version that compiles the
// package, so characters of a later version of Unicode may fall into other words.
package tokenizer
