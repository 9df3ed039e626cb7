package convert

import (
	"errors"
	"fmt"
	"io"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/format"
)

// Options say how a model is converted.
type Options struct {
	// Bits is the size of the weights of layers: 8 or 4. Embedding and output have 8.
	Bits int
	// Group is the number of inputs that share a factor with 4 bits, a multiple of 8; 0 means 32.
	// Where it does not divide the inputs of a matrix, that matrix has 8 bits.
	Group int
	// Calibration is windows of tokens of a text like those that the model will read. Without
	// it nothing is smoothed.
	Calibration [][]int32
	// Sections are further parts of the file, for other packages to read.
	Sections []Section
}

// Section is bytes with the name of their part.
type Section struct {
	Name string
	// Content is at least one byte.
	Content []byte
}

const defaultGroup = 32

// converter converts one model.
type converter struct {
	source      checkpoint.Source
	config      checkpoint.Config
	options     Options
	calibration *calibration
	places      format.Places
	writer      *format.Writer
}

// Convert writes a checkpoint as a converted model. It reads the layers twice if there is a
// calibration text, and holds one layer in memory. It fails if a tensor is missing, does not fit the
// configuration or contains numbers that are not finite.
func Convert(w io.Writer, s checkpoint.Source, c checkpoint.Config, o Options) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	if o.Group == 0 {
		o.Group = defaultGroup
	}
	if o.Bits != 8 && o.Bits != 4 || o.Group < 8 || o.Group%8 != 0 {
		return fmt.Errorf("expected 8 or 4 bits and groups of a multiple of 8, found %d and %d", o.Bits, o.Group)
	}
	v := &converter{source: s, config: c, options: o}
	if len(o.Calibration) > 0 {
		if v.calibration, err = calibrate(s, c, o.Calibration); err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
	}
	v.places = v.calibration.places()
	parts, err := v.plan()
	if err != nil {
		return err
	}
	header := format.Header{
		Model:   architecture(c, v.places),
		Weights: format.Weights{Bits: uint32(o.Bits), Smoothed: v.calibration != nil}, Parts: parts,
	}
	if o.Bits == 4 {
		header.Weights.Group = uint32(o.Group)
	}
	if v.writer, err = format.NewWriter(w, header); err != nil {
		return err
	}
	return v.write()
}

// layer reads a layer and smooths it.
func (v *converter) layer(index int) (*layer, error) {
	l, err := loadLayer(v.source, v.config, index, v.places.Stream)
	if err != nil || v.calibration == nil {
		return l, err
	}
	l.smooth(&v.calibration.layers[index])
	// Factors may make weights too large for floats.
	for _, g := range l.norms() {
		if err := finite(fmt.Sprintf("layers.%d.%s, smoothed", index, g.name), g.numbers); err != nil {
			return nil, err
		}
	}
	for _, m := range l.matrices() {
		name := fmt.Sprintf("layers.%d.%s, smoothed", index, m.name)
		if err := errors.Join(finite(name, m.weights), finite(name, m.bias)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// grouped reports whether a matrix gets four bits.
func (v *converter) grouped(m *matrix) bool {
	return v.options.Bits == 4 && m.k%v.options.Group == 0
}

// outside is a matrix outside of layers, with its name in the checkpoint.
type outside struct{ name, from string }

// outsides returns the matrices outside of layers in the order of the file.
func (v *converter) outsides() []outside {
	all := []outside{{"embedding", "model.embed_tokens.weight"}}
	if !v.config.TieWordEmbeddings {
		all = append(all, outside{"head", "lm_head.weight"})
	}
	return all
}
