package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/safetensors"
)

// file returns a file with a header and data bytes of elements.
func file(header string, data int) []byte {
	content := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(content, header...), make([]byte, data)...)
}

func read(content []byte) (*safetensors.File, error) {
	return safetensors.Read(bytes.NewReader(content), int64(len(content)))
}

func examples() []safetensors.Tensor {
	return []safetensors.Tensor{
		{Name: "b", Type: safetensors.F32, Shape: []int{2, 3}, Values: []float32{1, 2, 3, 4, 5, 0x1.fffffep-1}},
		{Name: "a", Type: safetensors.BF16, Shape: []int{3}, Values: []float32{-1, 0.5, 3e38}},
		{Name: "c", Type: safetensors.F16, Shape: []int{}, Values: []float32{-0.25}},
	}
}

func TestTensorsComeBack(t *testing.T) {
	var content bytes.Buffer
	require.NoError(t, safetensors.Write(&content, map[string]string{"format": "pt"}, examples()))
	f, err := read(content.Bytes())
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, f.Names())
	require.Equal(t, "pt", f.Metadata("format"))
	dims, found := f.Shape("b")
	require.Equal(t, []int{2, 3}, dims)
	require.True(t, found)
	require.Equal(t, safetensors.BF16, f.Type("a"))
	_, found = f.Shape("c")
	require.True(t, found)
	_, found = f.Shape("d")
	require.False(t, found)
	row := make([]float32, 3)
	require.NoError(t, f.Read("b", 3, row))
	require.Equal(t, []float32{4, 5, 0x1.fffffep-1}, row)
	require.NoError(t, f.Read("a", 0, row[:2]))
	require.Equal(t, []float32{-1, 0.5}, row[:2])
	require.NoError(t, f.Read("c", 0, row[:1]))
	require.Equal(t, float32(-0.25), row[0])
	for _, first := range []int{-1, 4, 7} {
		require.ErrorContains(t, f.Read("b", first, row), "within 6 elements")
	}
	require.ErrorContains(t, f.Read("d", 0, row), "found none")
}

func TestALargeTensorIsReadInPieces(t *testing.T) {
	values := make([]float32, 200_000)
	for i := range values {
		values[i] = float32(i)
	}
	var content bytes.Buffer
	require.NoError(t, safetensors.Write(&content, nil, []safetensors.Tensor{{Name: "x", Type: safetensors.F32, Shape: []int{1000, 200}, Values: values}}))
	f, err := read(content.Bytes())
	require.NoError(t, err)
	out := make([]float32, 199_000)
	require.NoError(t, f.Read("x", 1000, out))
	require.Equal(t, values[1000:], out)
}

func TestALyingHeaderIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"empty":            {nil, "length of the header"},
		"length":           {binary.LittleEndian.AppendUint64(nil, 1<<40), "is this a safetensors file"},
		"longer than file": {binary.LittleEndian.AppendUint64(nil, 3), "is this a safetensors file"},
		"no header":        {file("", 0), "header"},
		"no JSON":          {file("[]", 0), "JSON object"},
		"cut":              {file(`{"a":`, 0), "header"},
		"rest":             {file(`{}{}`, 0), "nothing behind"},
		"elements":         {file(`{}`, 4), "expected tensors of 4 bytes"},
		"type":             {file(`{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}}`, 4), `found "Q9"`},
		"shape":            {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "expected 8 bytes"},
		"negative":         {file(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 4), "shape"},
		"product":          {file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "shape"},
		"outside":          {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "within the 4 bytes"},
		"backward":         {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "within the 4 bytes"},
		"overlap":          {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begin at byte 8"},
		"gap":              {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begin at byte 0"},
		"twice":            {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), "twice"},
		"offsets":          {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":["0",4]}}`, 4), "tensor"},
	} {
		_, err := read(c.content)
		require.ErrorContains(t, err, c.says, name)
	}
}

func TestIntegersAreListedAndNotReadAsFloats(t *testing.T) {
	f, err := read(file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 8))
	require.NoError(t, err)
	require.ErrorContains(t, f.Read("a", 0, make([]float32, 1)), "found I64")
}

func TestAFolderIsOneFileOrThoseOfItsIndex(t *testing.T) {
	folder := t.TempDir()
	_, err := safetensors.OpenFolder(folder)
	require.ErrorIs(t, err, os.ErrNotExist)
	write := func(name string, tensors ...safetensors.Tensor) {
		var content bytes.Buffer
		require.NoError(t, safetensors.Write(&content, nil, tensors))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content.Bytes(), 0o600))
	}
	write(safetensors.SingleName, examples()[0])
	f, err := safetensors.OpenFolder(folder)
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, f.Names())
	require.NoError(t, f.Close())

	write("one.safetensors", examples()[0])
	write("two.safetensors", examples()[1])
	index := func(weights string) {
		content := fmt.Sprintf(`{"metadata":{"total_size":1},"weight_map":%s}`, weights)
		require.NoError(t, os.WriteFile(filepath.Join(folder, safetensors.IndexName), []byte(content), 0o600))
	}
	index(`{"a":"two.safetensors","b":"one.safetensors"}`)
	f, err = safetensors.OpenFolder(folder)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, f.Names())
	dims, _ := f.Shape("a")
	require.Equal(t, []int{3}, dims)
	_, found := f.Shape("c")
	require.False(t, found)
	out := make([]float32, 1)
	require.NoError(t, f.Read("b", 1, out))
	require.Equal(t, []float32{2}, out)
	require.ErrorContains(t, f.Read("c", 0, out), "found none")
	require.NoError(t, f.Close())

	for weights, says := range map[string]string{
		`{"a":"../two.safetensors"}`: "in the folder",
		`{"a":"one.safetensors"}`:    "found none",
		`{"a":"three.safetensors"}`:  "no such file",
		`{}`:                         "weight_map",
		`[]`:                         "json",
	} {
		index(weights)
		_, err = safetensors.OpenFolder(folder)
		require.ErrorContains(t, err, says)
	}
}

func TestTensorsThatCannotBeWrittenAreRefused(t *testing.T) {
	for says, tensors := range map[string][]safetensors.Tensor{
		"name of its own": {examples()[0], examples()[0]},
		`found "I64"`:     {{Name: "a", Type: "I64", Shape: []int{1}, Values: []float32{1}}},
		"found 1":         {{Name: "a", Type: safetensors.F32, Shape: []int{2}, Values: []float32{1}}},
		"shape":           {{Name: "a", Type: safetensors.F32, Shape: []int{-2}, Values: nil}},
	} {
		require.ErrorContains(t, safetensors.Write(&bytes.Buffer{}, nil, tensors), says)
	}
}

func FuzzReadNeverReadsOutside(f *testing.F) {
	var content bytes.Buffer
	require.NoError(f, safetensors.Write(&content, map[string]string{"format": "pt"}, examples()))
	f.Add(content.Bytes())
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := read(content)
		if err != nil {
			return
		}
		var total int64
		for _, name := range file.Names() {
			count := int64(1)
			dims, _ := file.Shape(name)
			for _, n := range dims {
				count *= int64(n)
			}
			total += count
			require.LessOrEqual(t, total, int64(len(content)))
			if file.Type(name) == safetensors.F32 {
				require.NoError(t, file.Read(name, 0, make([]float32, count)))
			}
		}
	})
}
