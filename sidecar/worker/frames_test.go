package worker

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFrameIsWholeOrBroken(t *testing.T) {
	var sent bytes.Buffer
	require.NoError(t, writeFrame(&sent, report{Kind: kindDone, Number: 7, FuelUsed: 1<<64 - 1}, maxReport))
	whole := sent.Bytes()
	for n := range len(whole) {
		var r report
		err := readFrame(bytes.NewReader(whole[:n]), &r, maxReport, func() {})
		if n == 0 {
			require.ErrorIs(t, err, io.EOF)
			require.NotErrorIs(t, err, errFrame)
			continue
		}
		require.ErrorIs(t, err, errFrame, "%d bytes", n)
	}
	var r report
	require.NoError(t, readFrame(bytes.NewReader(whole), &r, maxReport, func() {}))
	require.Equal(t, report{Kind: kindDone, Number: 7, FuelUsed: 1<<64 - 1}, r)
	require.ErrorIs(t, writeFrame(&sent, report{Detail: strings.Repeat("x", maxReport)}, maxReport), errFrame)
}

// TestAnAnnouncedLengthCostsNothing: memory for the announced length is not allocated before
// the bytes arrive.
func TestAnAnnouncedLengthCostsNothing(t *testing.T) {
	header := binary.BigEndian.AppendUint32(nil, maxOrder)
	spent := testing.AllocsPerRun(10, func() {
		var o order
		_ = readFrame(bytes.NewReader(header), &o, maxOrder, func() {})
	})
	require.Less(t, spent, 50.0)
}

func TestTextsOfWorkersAreShortAndPrintable(t *testing.T) {
	require.Equal(t, "ab", clip("ab", 2))
	require.Equal(t, "…", clip("ééé", 4))
	require.Equal(t, "é…", clip("éééé", 5))
	require.Equal(t, "a\uFFFDb", clip("a\xffb", 10))
	var said tail
	said.follow(strings.NewReader("panic:\n\tat \x1b[31m"+strings.Repeat("x", 3*tailBytes)), func() {})
	require.True(t, strings.HasPrefix(said.text(), "panic: at [31mxxx"))
	require.LessOrEqual(t, len(said.text()), tailBytes)
}

func FuzzAReport(f *testing.F) {
	var sent bytes.Buffer
	_ = writeFrame(&sent, report{Kind: kindHello, Layers: []Layer{{Name: LayerFiles}}}, maxReport)
	f.Add(sent.Bytes())
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r report
		if readFrame(bytes.NewReader(raw), &r, maxReport, func() {}) != nil {
			return
		}
		var again bytes.Buffer
		require.NoError(t, writeFrame(&again, r, maxOrder))
		var same report
		require.NoError(t, readFrame(&again, &same, maxOrder, func() {}))
		require.Equal(t, r, same)
	})
}
