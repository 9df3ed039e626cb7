package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// An array file says which content each task of an array has for its input, and
// holds the Merkle tree over that (RFC 6962, SHA-256), so that the proof of a task
// is read off it without hashing the rest. It is a blob like any other:
//
//	magic, 8 bytes | count, 8 bytes | count × (sha256, 32 bytes | size, 8 bytes)
//	| the hashes of each level above the leaves, lowest first, up to the root
//
// Numbers are big endian. A node without sibling stands for itself one level up.
const (
	arrayMagic     = "theta/a1"
	arrayHeadBytes = 16
	arrayItemBytes = sha256.Size + 8
	// MaxArrayItems is the most inputs that an array file names.
	MaxArrayItems = 1 << 24
)

// ErrNotArray: the content is no array file, or has no such task.
var ErrNotArray = errors.New("no such input of an array")

// ArrayItem is the input of one task.
type ArrayItem struct {
	// Digest of the content.
	Digest Digest
	// Size in bytes.
	Size uint64
}

// encode is what the item's leaf hashes.
func (i ArrayItem) encode() []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(i.Digest[:]), i.Size)
}

func (i ArrayItem) leaf() Digest { return sha256.Sum256(append([]byte{0}, i.encode()...)) }

func arrayInner(left, right Digest) Digest {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// EncodeArray returns the array file of one or more items, and the root of its
// tree.
func EncodeArray(items []ArrayItem) (file []byte, root Digest, err error) {
	if len(items) == 0 || len(items) > MaxArrayItems {
		return nil, Digest{}, fmt.Errorf("expected 1 to %d inputs of an array, found %d", MaxArrayItems, len(items))
	}
	file = append(file, arrayMagic...)
	file = binary.BigEndian.AppendUint64(file, uint64(len(items)))
	level := make([]Digest, len(items))
	for i, item := range items {
		file = append(file, item.encode()...)
		level[i] = item.leaf()
	}
	for len(level) > 1 {
		above := make([]Digest, 0, (len(level)+1)/2)
		for i := 0; i < len(level); i += 2 {
			node := level[i]
			if i+1 < len(level) {
				node = arrayInner(node, level[i+1])
			}
			above = append(above, node)
			file = append(file, node[:]...)
		}
		level = above
	}
	return file, level[0], nil
}

// ArrayProof is what a node needs to know of a task's input: what it is, and the
// siblings on the way from its leaf to the root.
type ArrayProof struct {
	Sha256 string   `json:"sha256"`
	Size   uint64   `json:"size"`
	Path   []string `json:"path"`
}

// ReadArrayProof reads the proof of a task off an array file of size bytes. It
// returns ErrNotArray where there is none.
func ReadArrayProof(file io.ReaderAt, size int64, task uint64) (ArrayProof, error) {
	head := make([]byte, arrayHeadBytes)
	if _, err := file.ReadAt(head, 0); err != nil || string(head[:len(arrayMagic)]) != arrayMagic {
		return ArrayProof{}, fmt.Errorf("%w: the content is no array file", ErrNotArray)
	}
	count := binary.BigEndian.Uint64(head[len(arrayMagic):])
	if count == 0 || count > MaxArrayItems || size != arrayBytes(count) {
		return ArrayProof{}, fmt.Errorf("%w: an array file of %d inputs takes other than %d bytes", ErrNotArray, count, size)
	}
	if task >= count {
		return ArrayProof{}, fmt.Errorf("%w: expected a task below %d, found %d", ErrNotArray, count, task)
	}
	item, err := readItem(file, task)
	if err != nil {
		return ArrayProof{}, err
	}
	proof := ArrayProof{Sha256: item.Digest.String(), Size: item.Size, Path: []string{}}
	if sibling := task ^ 1; sibling < count {
		neighbour, err := readItem(file, sibling)
		if err != nil {
			return ArrayProof{}, err
		}
		proof.Path = append(proof.Path, neighbour.leaf().String())
	}
	start := int64(arrayHeadBytes) + int64(count)*arrayItemBytes //nolint:gosec // bounded above
	for width, at := (count+1)/2, task/2; width > 1; width, at = (width+1)/2, at/2 {
		if sibling := at ^ 1; sibling < width {
			var node Digest
			if _, err := file.ReadAt(node[:], start+int64(sibling)*sha256.Size); err != nil { //nolint:gosec // bounded above
				return ArrayProof{}, err
			}
			proof.Path = append(proof.Path, hex.EncodeToString(node[:]))
		}
		start += int64(width) * sha256.Size //nolint:gosec // bounded above
	}
	return proof, nil
}

func readItem(file io.ReaderAt, task uint64) (ArrayItem, error) {
	raw := make([]byte, arrayItemBytes)
	if _, err := file.ReadAt(raw, arrayHeadBytes+int64(task)*arrayItemBytes); err != nil { //nolint:gosec // below the count
		return ArrayItem{}, err
	}
	digest, err := DigestFrom(raw[:sha256.Size])
	return ArrayItem{Digest: digest, Size: binary.BigEndian.Uint64(raw[sha256.Size:])}, err
}

// arrayBytes is how long an array file of so many items is.
func arrayBytes(count uint64) int64 {
	bytes := int64(arrayHeadBytes) + int64(count)*arrayItemBytes //nolint:gosec // bounded by the callers
	for width := count; width > 1; {
		width = (width + 1) / 2
		bytes += int64(width) * sha256.Size //nolint:gosec // bounded by the callers
	}
	return bytes
}
