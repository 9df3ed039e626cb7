package container

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// rawHeader is a block that the writer of the standard library refuses to write.
func rawHeader(name string, kind byte, stored int, change func(block []byte)) []byte {
	block := make([]byte, 512)
	copy(block, name)
	copy(block[100:], "0000644\x000000000\x000000000\x00")
	copy(block[124:], fmt.Sprintf("%011o\x00%011o\x00", stored, 0))
	block[156] = kind
	if change != nil {
		change(block)
	}
	copy(block[148:], "        ")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
	return block
}

// gnuSparse is a layer of one file that has one hole and nothing else, in the old format of GNU.
func gnuSparse(size int64) []byte {
	layer := rawHeader("big", tar.TypeGNUSparse, 0, func(block []byte) {
		copy(block[257:], "ustar  \x00")
		copy(block[386:], fmt.Sprintf("%011o\x00%011o\x00", size, 0))
		copy(block[483:], fmt.Sprintf("%011o\x00", size))
	})
	return append(layer, make([]byte, 1024)...)
}

// paxSparse is the same in the format of POSIX, where the file looks like a regular one.
func paxSparse(size int64) []byte {
	var records []byte
	for _, record := range []string{
		fmt.Sprintf("GNU.sparse.size=%d\n", size), "GNU.sparse.numblocks=1\n", fmt.Sprintf("GNU.sparse.map=%d,0\n", size),
	} {
		length := len(record) + 3
		records = append(records, fmt.Sprintf("%d %s", length, record)...)
	}
	ustar := func(block []byte) { copy(block[257:], "ustar\x0000") }
	layer := rawHeader("pax", tar.TypeXHeader, len(records), ustar)
	layer = append(layer, records...)
	layer = append(layer, make([]byte, 512-len(records)%512)...)
	layer = append(layer, rawHeader("big", tar.TypeReg, 0, ustar)...)
	return append(layer, make([]byte, 1024)...)
}

// imageOfLayer is an archive with one layer as it is.
func imageOfLayer(t *testing.T, layer []byte) []byte {
	t.Helper()
	config, _ := plainImage().parts(t)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(config, &fields))
	fields["rootfs"] = map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sumOf(layer)}}
	return savedArchive(t, marshal(t, fields), layer)
}

// TestHolesInALayerCountWithTheirSize: engines write zeros in their place when they unpack the layer.
func TestHolesInALayerCountWithTheirSize(t *testing.T) {
	const size = 8 << 30
	for name, layer := range map[string][]byte{"GNU": gnuSparse(size), "POSIX": paxSparse(size)} {
		t.Run(name, func(t *testing.T) {
			h, err := tar.NewReader(bytes.NewReader(layer)).Next()
			require.NoError(t, err)
			require.EqualValues(t, size, h.Size, "the layer is what the test means")
			_, _, err = read(t, imageOfLayer(t, layer), 1<<30)
			require.ErrorContains(t, err, "larger than this machine accepts")
			i, _, err := read(t, imageOfLayer(t, layer), size+1<<20)
			require.NoError(t, err)
			require.Greater(t, i.bytes(), uint64(size), "it counts towards the images of the owner")
		})
	}
}

// TestTheSettingsOfAnOwnerAreNoResult: another owner accepts more, or has another processor, and must not be outvoted.
func TestTheSettingsOfAnOwnerAreNoResult(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{"plain": nil, "gzip": gzipped, "zstd": zstandard} {
		d := plainImage()
		d.entries[0].content, d.pack = make([]byte, 8<<20), pack
		_, _, err := read(t, d.saved(t), 1<<20)
		require.ErrorIs(t, err, errTooLarge, name)
		require.ErrorIs(t, err, executor.ErrUnavailable, name)
		require.NotErrorIs(t, err, errImage, name)
	}

	other := describe("m", []byte("other"))
	other["platform"] = map[string]any{"os": "linux", "architecture": "arm64"}
	_, err := imageOf(marshal(t, map[string]any{"manifests": []any{other}}), "", "amd64", nil)
	require.ErrorIs(t, err, executor.ErrUnavailable)
	require.NotErrorIs(t, err, errImage)
}
