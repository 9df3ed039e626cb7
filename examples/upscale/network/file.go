package network

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/thetaedge/theta/tensor"
)

// A file is the magic, the version, the length of the header in bytes and the header, which is the
// Network as JSON. Zeros follow up to a multiple of Alignment. Then come the weights in the order
// of Network.Weights, each at a multiple of Alignment, with zeros between them.
const (
	magic       = "\x89upscl\r\n"
	version     = 1
	prefixBytes = len(magic) + 8
	// Alignment is what weights begin at a multiple of, in bytes.
	Alignment = 4096
	// maxHeader bounds the header, in bytes.
	maxHeader = 1 << 20
)

// File is a network whose file was opened and checked, except for the elements of its weights.
type File struct {
	Network Network
	file    *os.File
	weights []Weight
	// positions are those of the weights, in bytes.
	positions []int64
}

// layout returns the positions of weights after a header of a length in bytes, and the end of the
// file.
func layout(header int, weights []Weight) (positions []int64, end int64) {
	end = int64(prefixBytes + header)
	for _, w := range weights {
		end = align(end)
		positions = append(positions, end)
		end += int64(w.Shape.Type.Bytes(w.Shape.Count))
	}
	return positions, end
}

func align(n int64) int64 { return (n + Alignment - 1) / Alignment * Alignment }

// Open opens the file of a network. Close it after use.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := read(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

func read(file *os.File) (*File, error) {
	status, err := file.Stat()
	if err != nil {
		return nil, err
	}
	network, header, err := readHeader(file)
	if err != nil {
		return nil, err
	}
	f := &File{Network: *network, file: file, weights: network.Weights()}
	var end int64
	f.positions, end = layout(header, f.weights)
	if end != status.Size() {
		return nil, fmt.Errorf("expected a file of %d bytes, found %d; convert the model again", end, status.Size())
	}
	return f, nil
}

// readHeader returns a checked network and the length of its header.
func readHeader(r io.Reader) (*Network, int, error) {
	prefix := make([]byte, prefixBytes)
	if _, err := io.ReadFull(r, prefix); err != nil || string(prefix[:len(magic)]) != magic {
		return nil, 0, fmt.Errorf("expected a file that begins with %q, found another one; use a file that convert has written", magic)
	}
	if v := binary.LittleEndian.Uint32(prefix[len(magic):]); v != version {
		return nil, 0, fmt.Errorf("expected version %d of the file, found %d; convert the model again", version, v)
	}
	length := binary.LittleEndian.Uint32(prefix[len(magic)+4:])
	if length > maxHeader {
		return nil, 0, fmt.Errorf("expected a header of at most %d bytes, found %d", maxHeader, length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, 0, fmt.Errorf("expected a header of %d bytes: %w", length, err)
	}
	var n Network
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return nil, 0, fmt.Errorf("expected a network as JSON in the header: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, 0, errors.New("expected one network in the header, found more after it")
	}
	if err := n.Check(); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	return &n, int(length), nil
}

// Encode returns the file of a network. Contents has the bytes of its weights by name.
func Encode(n *Network, contents map[string][]byte) ([]byte, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	header, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	weights := n.Weights()
	positions, end := layout(len(header), weights)
	file := make([]byte, end)
	copy(file, magic)
	binary.LittleEndian.PutUint32(file[len(magic):], version)
	binary.LittleEndian.PutUint32(file[len(magic)+4:], uint32(len(header)))
	copy(file[prefixBytes:], header)
	for i, w := range weights {
		content, size := contents[w.Name()], w.Shape.Type.Bytes(w.Shape.Count)
		if uint64(len(content)) != size {
			return nil, fmt.Errorf("expected %d bytes of weight %s, found %d", size, w.Name(), len(content))
		}
		copy(file[positions[i]:], content)
	}
	return file, nil
}

// load makes tensors of all weights.
func (f *File) load(d Device) (map[string]tensor.Handle, error) {
	handles := map[string]tensor.Handle{}
	for i, w := range f.weights {
		handle, err := d.Alloc(w.Shape)
		if err != nil {
			return nil, err
		}
		if err := d.Load(f.file, f.positions[i], handle, 0, w.Shape.Type.Bytes(w.Shape.Count)); err != nil {
			return nil, fmt.Errorf("weight %s: %w", w.Name(), err)
		}
		handles[w.Name()] = handle
	}
	return handles, nil
}
