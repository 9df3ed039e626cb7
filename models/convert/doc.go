// Package convert turns checkpoints of decoders into the integer models of models/format: matrices
// in eight or four bits, with large activations moved into the weights after a calibration text. It
// also measures what the conversion loses.
package convert
