package gpucheck

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// emulated gives this machine an emulated card.
func emulated(t *testing.T, variables ...string) backend.Device {
	t.Helper()
	path, err := emulator.Copy(t.TempDir(), variables...)
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Setenv(cuda.LibraryVariable, path)
	found, err := devices()
	require.NoError(t, err)
	require.Equal(t, backend.CUDA, found[0].Backend)
	return found[0]
}

func TestEachVariantOfACardIsCompared(t *testing.T) {
	d := emulated(t)
	wanted, err := expect(cases(1, false))
	require.NoError(t, err)
	var uses []string
	for _, v := range variants(d) {
		e := Exact{Device: identity(d)}
		require.NoError(t, e.compare(v, wanted))
		require.True(t, e.good(), "%v", e)
		require.NotZero(t, e.Cases)
		require.True(t, e.software())
		uses = append(uses, e.Uses)
	}
	require.Equal(t, []string{"tensor cores of 16x8x32, dp4a", "tensor cores of 8x8x16, dp4a", "dp4a", ""}, uses)
}

// transposed is the reference, except that it transposes the results of products.
type transposed struct{ *ref.Device }

func (d transposed) Submit(calls []tensor.Call) error {
	err := d.Device.Submit(calls)
	for _, call := range calls {
		if op, is := call.Op.(*tensor.Gemm); is && op.M == op.N {
			out, n := call.Buffers[2].(*ref.Buffer).S32[op.Out.Offset:], int(op.M)
			for r := range n {
				for c := range r {
					out[r*n+c], out[c*n+r] = out[c*n+r], out[r*n+c]
				}
			}
		}
	}
	return err
}

func TestElementsInAWrongPlaceAreNamed(t *testing.T) {
	found, err := layout(ref.NewDevice())
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = layout(transposed{ref.NewDevice()})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	require.Contains(t, found[0], "shift 0, picks rows true: expected")
}

func TestLoadsAreMeasured(t *testing.T) {
	m := &meter{device: emulated(t), each: time.Millisecond, log: io.Discard}
	m.openEnergy()
	defer m.close()
	small := tensortest.Decoder{Width: 64, Inner: 128, Heads: 2, KVHeads: 1, Dim: 32}
	for _, r := range []Speed{m.products(small, 1), m.layers(small, 2)} {
		require.Empty(t, r.Failure)
		require.Positive(t, r.Seconds)
		require.NotEmpty(t, r.Unmeasured, "an emulated card has no energy")
	}
}

func TestAReportSaysWhichPartsFailedAndWhatWasNotShown(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	for _, name := range Names() {
		write(name+".log", "all of "+name)
		write(name+".end", "0 7\n")
	}
	write("exact.json", `[{"device": "cuda:0 Card, discrete, 8 GiB", "uses": "tensor cores of 16x8x32, dp4a"}, {"device": "vulkan:0 llvmpipe, processor, 1 GiB", "uses": ""}]`)
	r, err := Collect(folder, time.Unix(0, 0))
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.NotContains(t, r.NotShown, "tensor cores of 16x8x32 on a card")
	require.Contains(t, r.NotShown, "tensor cores of 8x8x16 on a card")
	require.Contains(t, r.String(), "all of conformance")
	require.Contains(t, r.String(), "llvmpipe, processor, 1 GiB, which is software")

	write("devnet.end", "77 0\n")
	r, err = Collect(folder, time.Unix(0, 0))
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Contains(t, r.NotShown, "devnet: all of devnet")

	write("speed.end", "124 80\n")
	write("devnet.end", "1 3\n")
	require.NoError(t, os.Remove(filepath.Join(folder, "hardware.end")))
	r, err = Collect(folder, time.Unix(0, 0))
	require.NoError(t, err)
	require.ErrorContains(t, r.Err(), "speed took longer than it may: 80 s")
	require.ErrorContains(t, r.Err(), "devnet failed with exit code 1")
	require.ErrorContains(t, r.Err(), "hardware did not run")
	require.Contains(t, r.String(), "FAILED")

	write("speed.end", "soon")
	_, err = Collect(folder, time.Unix(0, 0))
	require.ErrorContains(t, err, "speed.end: expected an exit code")
}

func TestDifferencesAndFailuresAreErrors(t *testing.T) {
	require.NoError(t, Bad([]Exact{{Device: "a"}}))
	require.ErrorContains(t, Bad([]Exact{{Device: "a", Different: []string{"case 3: gemm"}}}), "case 3: gemm")
	require.ErrorContains(t, Bad([]Exact{{Device: "a", Layout: []string{"shift 1"}}}), "shift 1")
	require.ErrorContains(t, Bad([]Exact{{Device: "a", Failure: "lost"}}), "lost")
	require.NoError(t, Slow([]Speed{{Device: "a"}}))
	require.ErrorContains(t, Slow([]Speed{{Device: "a", Failure: "lost"}}), "lost")
}
