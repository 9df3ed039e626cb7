package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// MaxHeader is the highest number of bytes of a header. It is the bound of the format's own
// library.
const MaxHeader = 100_000_000

// metadataKey is the name in the header that is not a tensor's.
const metadataKey = "__metadata__"

// entry is a tensor of the header. Offsets are bytes from the end of the header.
type entry struct {
	Type    Type     `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// parseHeader reads the entries and the metadata of a header in front of data bytes of elements.
func parseHeader(header []byte, data int64) (map[string]entry, map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(header))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.New("header: expected a JSON object")
	}
	entries := map[string]entry{}
	var metadata map[string]string
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name, _ := token.(string)
		if _, twice := entries[name]; twice || name == metadataKey && metadata != nil {
			return nil, nil, fmt.Errorf("header: expected each name once, found %q twice", name)
		}
		if name == metadataKey {
			if err := decoder.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("header: %s: %w", name, err)
			}
			continue
		}
		var e entry
		if err := decoder.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		size, err := e.Type.bytes(e.Shape)
		if err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		if begin, end := e.Offsets[0], e.Offsets[1]; begin < 0 || end < begin || end > data || end-begin != size {
			return nil, nil, fmt.Errorf("header: tensor %q: expected %d bytes within the %d bytes of elements, found the offsets %v",
				name, size, data, e.Offsets)
		}
		entries[name] = e
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("header: expected nothing behind the JSON object except spaces")
	}
	return entries, metadata, gapless(entries, data)
}

// gapless refuses tensors that overlap and bytes that belong to no tensor.
func gapless(entries map[string]entry, data int64) error {
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		x, y := entries[a].Offsets, entries[b].Offsets
		return slices.Compare(x[:], y[:])
	})
	var end int64
	for _, name := range names {
		e := entries[name]
		if e.Offsets[0] != end {
			return fmt.Errorf("header: tensor %q: expected it to begin at byte %d, where the one before it ends, found %d", name, end, e.Offsets[0])
		}
		end = e.Offsets[1]
	}
	if end != data {
		return fmt.Errorf("header: expected tensors of %d bytes, as the file has, found %d", data, end)
	}
	return nil
}
