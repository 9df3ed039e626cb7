package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

// A model file, little-endian, without padding:
//
//	magic "thetagru" · version u32 · symbols V u32 · hidden H u32
//	alphabet    V bytes, strictly increasing ASCII
//	input       V × 3H int8, then V scales i32
//	recurrent   3H × H int8, then 3H scales i32
//	output      V × H int8, then V scales i32
//	bias        V i32
//	sha256 of everything before it, 32 bytes
const (
	magic      = "thetagru"
	version    = 1
	headerSize = len(magic) + 3*4

	// MaxHidden bounds the hidden units of a file, so that every sum fits into 64 bits.
	MaxHidden = 1024
	maxScale  = 1 << 29
	maxBias   = 1 << 26
)

// Encode returns the file of m. Decode is its inverse.
func (m *Model) Encode() []byte {
	var file bytes.Buffer
	file.WriteString(magic)
	for _, n := range []int{version, m.Alphabet.Size(), m.Hidden} {
		file.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	file.Write(m.Alphabet.Characters())
	for _, matrix := range []*Matrix{&m.Input, &m.Recurrent, &m.Output} {
		for _, w := range matrix.Weights {
			file.WriteByte(byte(w))
		}
		writeInts(&file, matrix.Scales)
	}
	writeInts(&file, m.Bias)
	digest := sha256.Sum256(file.Bytes())
	file.Write(digest[:])
	return file.Bytes()
}

// Decode reads a model file. It refuses every file that is damaged, has extra bytes
// or is of another version, and allocates no more than a file of that length needs.
func Decode(file []byte) (*Model, error) {
	if len(file) < headerSize+sha256.Size || string(file[:len(magic)]) != magic {
		return nil, fmt.Errorf("model: expected a file that begins with %q, found %d bytes of something else", magic, len(file))
	}
	field := func(i int) int { return int(binary.LittleEndian.Uint32(file[len(magic)+4*i:])) }
	if found := field(0); found != version {
		return nil, fmt.Errorf("model: expected format version %d, found %d; use the program that belongs to the file", version, found)
	}
	symbols, hidden := field(1), field(2)
	if symbols < 1 || symbols > tokenizer.MaxSymbols || hidden < 1 || hidden > MaxHidden {
		return nil, fmt.Errorf("model: expected 1 to %d symbols and 1 to %d hidden units, found %d and %d",
			tokenizer.MaxSymbols, MaxHidden, symbols, hidden)
	}
	if want := fileSize(symbols, hidden); len(file) != want {
		return nil, fmt.Errorf("model: expected %d bytes for %d symbols and %d hidden units, found %d; fetch the file again",
			want, symbols, hidden, len(file))
	}
	body, stored := file[:len(file)-sha256.Size], file[len(file)-sha256.Size:]
	if digest := sha256.Sum256(body); !bytes.Equal(digest[:], stored) {
		return nil, fmt.Errorf("model: expected sha256 %x, found %x; the file is damaged, fetch it again", stored, digest)
	}
	return decodeBody(body[headerSize:], symbols, hidden)
}

// decodeBody reads the part between header and digest, whose length is known.
func decodeBody(body []byte, symbols, hidden int) (*Model, error) {
	alphabet, err := tokenizer.New(body[:symbols])
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	m := &Model{Alphabet: alphabet, Hidden: hidden}
	rest := body[symbols:]
	m.Input, rest = readMatrix(rest, symbols, 3*hidden)
	m.Recurrent, rest = readMatrix(rest, 3*hidden, hidden)
	m.Output, rest = readMatrix(rest, symbols, hidden)
	m.Bias, _ = readInts(rest, symbols)
	for _, matrix := range []*Matrix{&m.Input, &m.Recurrent, &m.Output} {
		for _, scale := range matrix.Scales {
			if scale < 0 || scale > maxScale {
				return nil, fmt.Errorf("model: expected row scales of 0 to %d, found %d", maxScale, scale)
			}
		}
	}
	for _, bias := range m.Bias {
		if bias < -maxBias || bias > maxBias {
			return nil, fmt.Errorf("model: expected biases of at most ±%d, found %d", maxBias, bias)
		}
	}
	return m, nil
}

// fileSize is the length in bytes of a file with these shapes.
func fileSize(symbols, hidden int) int {
	matrix := func(rows, columns int) int { return rows*columns + 4*rows }
	return headerSize + symbols + matrix(symbols, 3*hidden) + matrix(3*hidden, hidden) +
		matrix(symbols, hidden) + 4*symbols + sha256.Size
}

func readMatrix(data []byte, rows, columns int) (Matrix, []byte) {
	matrix := Matrix{Rows: rows, Columns: columns, Weights: make([]int8, rows*columns)}
	for i := range matrix.Weights {
		matrix.Weights[i] = int8(data[i])
	}
	matrix.Scales, data = readInts(data[rows*columns:], rows)
	return matrix, data
}

func readInts(data []byte, count int) ([]int32, []byte) {
	ints := make([]int32, count)
	for i := range ints {
		ints[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return ints, data[4*count:]
}

func writeInts(file *bytes.Buffer, ints []int32) {
	for _, n := range ints {
		file.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
}
