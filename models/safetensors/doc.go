// Package safetensors reads and writes the tensors of models in the format safetensors: a length
// of 8 bytes, a header in JSON, and the elements of all tensors. A folder may hold one file,
// model.safetensors, or several with the index model.safetensors.index.json.
//
// A reader checks the whole header before it returns: sizes follow from types and shapes, tensors
// lie one behind the other without gaps and overlaps up to the end of the file, and no name
// appears twice. Elements are read from the file when they are asked for.
package safetensors
