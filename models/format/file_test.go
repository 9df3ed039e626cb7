package format_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/format"
)

func sample() format.Header {
	return format.Header{
		Model: format.Model{
			Family: "llama", Width: 8, Inner: 16, Heads: 2, KVHeads: 1, HeadDim: 4, Vocabulary: 3, Context: 32,
			Epsilon: 1 << 50, Unit: format.Unit{M: 1 << 30, E: 31}, Steps: []uint64{1 << 63, ^uint64(0)},
			Places: format.Places{Stream: 16, Inner: 16}, Layers: []format.Layer{{Window: 4, Rotated: true}},
		},
		Weights: format.Weights{Bits: 4, Group: 8},
		Parts: []format.Part{
			{Name: "embedding.weight", Type: "s8", Shape: []uint32{3, 8}},
			{Name: "norm.gain", Type: "s16", Shape: []uint32{8}, Places: 12},
			{Name: "layers.0.q.weight", Type: "s4", Shape: []uint32{8, 8}},
			{Name: "tokenizer", Type: format.Section, Shape: []uint32{5000}},
			{Name: "layers.0.q.scale", Type: "scale", Shape: []uint32{8}},
		},
	}
}

func write(t testing.TB) []byte {
	var file bytes.Buffer
	w, err := format.NewWriter(&file, sample())
	require.NoError(t, err)
	for i, p := range sample().Parts {
		size := map[string]int{"s4": 32, "s8": 24, "s16": 16, "scale": 64, "bytes": 5000}[p.Type]
		require.NoError(t, w.Write(p.Name, bytes.Repeat([]byte{byte(i + 1)}, size-1)))
		require.NoError(t, w.Write(p.Name, []byte{byte(i + 1)}))
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

func open(file []byte) (*format.File, error) {
	return format.Open(bytes.NewReader(file), int64(len(file)))
}

func TestAFileGivesBackWhatWasWritten(t *testing.T) {
	file := write(t)
	f, err := open(file)
	require.NoError(t, err)
	require.Equal(t, sample().Model, f.Header.Model)
	for i, want := range sample().Parts {
		p, position, found := f.Part(want.Name)
		require.True(t, found)
		require.Zero(t, position%format.Alignment)
		require.Equal(t, bytes.Repeat([]byte{byte(i + 1)}, int(p.Length)), file[position:][:p.Length])
	}
	text, err := f.Section("tokenizer")
	require.NoError(t, err)
	require.Len(t, text, 5000)
	_, err = f.Section("embedding.weight")
	require.ErrorContains(t, err, "expected a section")
}

// with returns a file whose header text was changed.
func with(file []byte, from, to string) []byte {
	length := binary.LittleEndian.Uint32(file[12:])
	text := bytes.Replace(file[16:16+length], []byte(from), []byte(to), 1)
	changed := append(append([]byte{}, file[:16]...), text...)
	binary.LittleEndian.PutUint32(changed[12:], uint32(len(text)))
	old, start := (16+int(length)+4095)&^4095, (len(changed)+4095)&^4095
	return append(append(changed, make([]byte, start-len(changed))...), file[old:]...)
}

func TestADamagedFileIsRefused(t *testing.T) {
	file := write(t)
	_, err := open(with(file, "", ""))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                {nil, "at least 16 bytes"},
		"another kind of file": {append([]byte("GGUF"), file[4:]...), "at its beginning"},
		"a later version":      {append(append([]byte{}, file[:8]...), append([]byte{2}, file[9:]...)...), "version 1"},
		"cut":                  {file[:len(file)-1], "incomplete"},
		"longer":               {append(append([]byte{}, file...), 0), "expected a file of"},
		"header beyond file":   {append(append([]byte{}, file[:12]...), append([]byte{0, 0, 255, 0}, file[16:]...)...), "expected a header of at most"},
		"overlap":              {with(file, `"offset":4096`, `"offset":0`), "at offset 4096"},
		"gap":                  {with(file, `"offset":4096`, `"offset":8192`), "at offset 4096"},
		"lying length":         {with(file, `"length":24`, `"length":25`), "with 24 bytes"},
		"lying shape":          {with(file, `[3,8]`, `[4,8]`), "with 32 bytes"},
		"overflowing shape":    {with(file, `[3,8]`, `[4294967295,4294967295,4294967295]`), "2^50"},
		"empty shape":          {with(file, `[3,8]`, `[]`), "dimensions"},
		"unknown type":         {with(file, `"s8"`, `"f8"`), "expected a type out of"},
		"two of a name":        {with(file, "norm.gain", "embedding.weight"), "found two"},
		"unknown key":          {with(file, `{"model"`, `{"a":1,"model"`), "unknown field"},
		"twice the same key":   {with(file, `"tied":false`, `"tied":true,"tied":false`), "canonical"},
		"spaces":               {with(file, `{"model"`, `{ "model"`), "canonical"},
		"more after it":        {with(file, `"length":64}]}`, `"length":64}]}{}`), "found more"},
		"places of bytes":      {with(file, `[3,8],"places":0`, `[3,8],"places":1`), "no places"},
		"steps":                {with(file, `"steps":[`, `"steps":[1,`), "expected 2 steps"},
		"heads":                {with(file, `"kv_heads":1`, `"kv_heads":3`), "multiple of kv_heads"},
	} {
		_, err := open(c.file)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestAWriterTakesThePartsInTheirOrder(t *testing.T) {
	w, err := format.NewWriter(&bytes.Buffer{}, sample())
	require.NoError(t, err)
	require.ErrorContains(t, w.Write("norm.gain", []byte{1}), "out of order")
	require.NoError(t, w.Write("embedding.weight", make([]byte, 20)))
	require.ErrorContains(t, w.Write("norm.gain", []byte{1}), "out of order")
	require.ErrorContains(t, w.Write("embedding.weight", make([]byte, 5)), "expected 24 bytes")
	require.NoError(t, w.Write("embedding.weight", make([]byte, 4)))
	require.NoError(t, w.Write("norm.gain", []byte{1}))
	require.ErrorContains(t, w.Close(), "some are missing")
}

// FuzzOpen gives Open files of strangers: what it accepts lies within the file, apart from other
// parts.
func FuzzOpen(f *testing.F) {
	file := write(f)
	f.Add(file)
	f.Add(file[:4096])
	f.Add(with(file, `[3,8]`, `[1,24]`))
	f.Fuzz(func(t *testing.T, file []byte) {
		opened, err := open(file)
		if err != nil {
			return
		}
		end := int64(0)
		for _, p := range opened.Header.Parts {
			_, position, found := opened.Part(p.Name)
			require.True(t, found)
			require.GreaterOrEqual(t, position, end)
			end = position + int64(p.Length)
			if p.Type == format.Section {
				text, err := opened.Section(p.Name)
				require.NoError(t, err)
				require.Len(t, text, int(p.Length))
			}
		}
		require.LessOrEqual(t, end, int64(len(file)))
	})
}
