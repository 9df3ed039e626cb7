package blob

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const (
	// indexVersion is the first line of an index.
	indexVersion = "theta.chunk/1"
	// MaxIndexTasks is the largest number of tasks of a chunk.
	MaxIndexTasks = 4096

	indexHeadBytes   = len(indexVersion) + 1 + len("tasks 00000000 bundles 00000000\n")
	indexLeafBytes   = len("leaf ") + 64 + 1 + 16 + 1 + 8 + 1 + 64 + 1
	indexBundleBytes = len("bundle ") + 64 + 1 + 16 + 1 + 8 + 1
	// MinIndexBytes is the size of the shortest encoded index.
	MinIndexBytes = indexHeadBytes + indexLeafBytes + indexBundleBytes
	// MaxIndexBytes is the size of the longest encoded index.
	MaxIndexBytes = indexHeadBytes + MaxIndexTasks*(indexLeafBytes+indexBundleBytes)
)

// Leaf contains what the tag of one task of a chunk is made of, under the key of the chunk's
// first round.
type Leaf struct {
	// Result is the SHA-256 of the task's result manifest.
	Result Digest
	// Fuel is the fuel that the task used, in the fuel of its profile.
	Fuel uint64
	// ExitCode is the program's exit code in the form that the chain uses.
	ExitCode uint32
	// Trace is the program's trace under the key of the first round.
	Trace [32]byte
}

// BundleRef names a bundle: the manifests and small files of consecutive tasks.
type BundleRef struct {
	// Digest is the SHA-256 of the bundle.
	Digest Digest
	// Size is the size of the bundle in bytes, at most MaxBundleBytes.
	Size uint64
	// Tasks is the number of tasks in the bundle, at least 1.
	Tasks uint32
}

// Index lists the results of a chunk's tasks in their order, and the bundles that contain
// them. The chunk's root follows from the leaves. A node delivers the index after the bundles.
type Index struct {
	Leaves  []Leaf
	Bundles []BundleRef
}

// Encode returns the bytes of an index, between MinIndexBytes and MaxIndexBytes: lines of text
// of fixed sizes. Numbers are hexadecimal.
func (i Index) Encode() []byte {
	out := make([]byte, 0, indexHeadBytes+len(i.Leaves)*indexLeafBytes+len(i.Bundles)*indexBundleBytes)
	out = fmt.Appendf(out, "%s\ntasks %08x bundles %08x\n", indexVersion, len(i.Leaves), len(i.Bundles))
	for n := range i.Leaves {
		l := &i.Leaves[n]
		out = fmt.Appendf(out, "leaf %s %016x %08x %x\n", l.Result, l.Fuel, l.ExitCode, l.Trace)
	}
	for _, b := range i.Bundles {
		out = fmt.Appendf(out, "bundle %s %016x %08x\n", b.Digest, b.Size, b.Tasks)
	}
	return out
}

// DecodeIndex reads what Encode writes. ok is false for any other content, and for an index
// whose bundles do not contain exactly its tasks.
func DecodeIndex(content []byte) (i Index, ok bool) {
	if len(content) < MinIndexBytes || len(content) > MaxIndexBytes {
		return Index{}, false
	}
	var tasks, bundles int
	if _, err := fmt.Sscanf(string(content[:indexHeadBytes]), indexVersion+"\ntasks %x bundles %x\n", &tasks, &bundles); err != nil {
		return Index{}, false
	}
	if tasks < 1 || tasks > MaxIndexTasks || bundles < 1 || bundles > tasks ||
		len(content) != indexHeadBytes+tasks*indexLeafBytes+bundles*indexBundleBytes {
		return Index{}, false
	}
	i = Index{Leaves: make([]Leaf, tasks), Bundles: make([]BundleRef, bundles)}
	rest := content[indexHeadBytes:]
	for n := range i.Leaves {
		if i.Leaves[n], ok = decodeLeaf(string(rest[:indexLeafBytes])); !ok {
			return Index{}, false
		}
		rest = rest[indexLeafBytes:]
	}
	for n := range i.Bundles {
		if i.Bundles[n], ok = decodeBundleRef(string(rest[:indexBundleBytes])); !ok {
			return Index{}, false
		}
		rest = rest[indexBundleBytes:]
	}
	if !i.bundled() || !bytes.Equal(i.Encode(), content) {
		return Index{}, false
	}
	return i, true
}

// bundled reports whether the bundles contain exactly the tasks.
func (i Index) bundled() bool {
	tasks := uint64(0)
	for _, b := range i.Bundles {
		if b.Tasks < 1 || b.Size > MaxBundleBytes {
			return false
		}
		tasks += uint64(b.Tasks)
	}
	return tasks == uint64(len(i.Leaves))
}

func decodeLeaf(line string) (l Leaf, ok bool) {
	fields := strings.Split(line, " ")
	if len(fields) != 5 || len(fields[4]) != 65 {
		return l, false
	}
	fuel, fuelErr := strconv.ParseUint(fields[2], 16, 64)
	exit, exitErr := strconv.ParseUint(fields[3], 16, 32)
	if fuelErr != nil || exitErr != nil || !decodeHash(l.Result[:], fields[1]) || !decodeHash(l.Trace[:], fields[4][:64]) {
		return l, false
	}
	l.Fuel, l.ExitCode = fuel, uint32(exit)
	return l, true
}

func decodeBundleRef(line string) (b BundleRef, ok bool) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(fields) != 4 {
		return b, false
	}
	size, sizeErr := strconv.ParseUint(fields[2], 16, 64)
	tasks, tasksErr := strconv.ParseUint(fields[3], 16, 32)
	if sizeErr != nil || tasksErr != nil || !decodeHash(b.Digest[:], fields[1]) {
		return b, false
	}
	b.Size, b.Tasks = size, uint32(tasks)
	return b, true
}

// decodeHash reads the hexadecimal characters of a hash into to.
func decodeHash(to []byte, text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == len(to) && copy(to, raw) == len(to)
}
