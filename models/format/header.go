package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Header describes a converted model. All numbers are integers, so that reading it needs no
// floating-point arithmetic.
type Header struct {
	Model   Model   `json:"model"`
	Weights Weights `json:"weights"`
	// Parts are the tensors and sections in the order of the file.
	Parts []Part `json:"parts"`
}

// Weights says how the matrices of the layers are stored. It informs people; the parts decide.
type Weights struct {
	// Bits is 8, with one scale per output, or 4, with an integer factor per group as well.
	Bits uint32 `json:"bits"`
	// Group is the number of inputs of a group; 0 for 8 bits.
	Group uint32 `json:"group"`
	// Smoothed says that large activations were moved into the weights.
	Smoothed bool `json:"smoothed"`
}

// Bounds of files.
const (
	// Alignment is what tensors begin at a multiple of, in bytes.
	Alignment = 4096
	// MaxHeader bounds the header, in bytes.
	MaxHeader = 16 << 20
	// MaxParts bounds tensors and sections.
	MaxParts = 16_384
	// MaxSection bounds a section that is read into memory, in bytes.
	MaxSection = 256 << 20
	// maxFile bounds files, so that sums of offsets and lengths do not overflow.
	maxFile = 1 << 50
)

// encode returns the one encoding of a header.
func (h Header) encode() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// decode reads a header and refuses all encodings except the one that encode returns.
func decode(text []byte) (Header, error) {
	var h Header
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return Header{}, fmt.Errorf("expected the JSON of a header: %w; convert the model again", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Header{}, errors.New("expected one JSON object as header, found more after it; convert the model again")
	}
	again, err := h.encode()
	if err != nil {
		return Header{}, err
	}
	if !bytes.Equal(again, text) {
		return Header{}, errors.New("expected the header in its canonical form, found another one; convert the model again")
	}
	return h, nil
}

// check verifies the model and the layout of the parts.
func (h Header) check() error {
	if err := h.Model.Check(); err != nil {
		return err
	}
	placed, err := place(h.Parts)
	if err != nil {
		return err
	}
	for i, p := range placed {
		if found := h.Parts[i]; found.Offset != p.Offset || found.Length != p.Length {
			return fmt.Errorf("expected part %s with %d bytes at offset %d, found %d bytes at %d; convert the model again", p.Name, p.Length, p.Offset, found.Length, found.Offset)
		}
	}
	return nil
}
