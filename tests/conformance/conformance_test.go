package conformance_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/remote"
	"github.com/thetaedge/theta/tests/conformance"
)

const way = "CONFORMANCE_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(way) != "" {
		os.Exit(remote.Main(func(in, out *os.File) error { return conformance.Serve(os.Args[1:], in, out) }))
	}
	os.Exit(m.Run())
}

func everyone(string) bool { return true }

func newWork(t *testing.T, operations, prompts int) *conformance.Work {
	t.Helper()
	w, err := conformance.New(conformance.Options{Root: "../..", Seed: 3, Operations: operations, Prompts: prompts})
	require.NoError(t, err)
	return w
}

// A slice of what `make conformance` compares.
func TestBackEndsGiveOneAnswer(t *testing.T) {
	backends := conformance.Own()
	found, err := conformance.Driver{Name: "vulkan"}.Devices(conformance.Command{Words: []string{os.Args[0]}, Env: []string{way + "=1"}})
	require.NoError(t, err)
	backends = append(backends, found...)
	if folder, err := emulator.Folder(); !errors.Is(err, emulator.ErrNotAvailable) {
		require.NoError(t, err)
		driver := conformance.Driver{Name: "emulated card", CUDA: true, File: filepath.Join(folder, "libcuda.so.1")}
		found, err := driver.Devices(conformance.Command{Words: []string{os.Args[0]}, Env: []string{way + "=1"}})
		require.NoError(t, err)
		require.Len(t, found, 4, "with each kind of tensor cores, with dp4a and without")
		backends = append(backends, found...)
	}
	w, err := conformance.New(conformance.Options{Root: "../..", Seed: 3, Operations: 4 * len(tensor.Codes()), Wide: 20, Prompts: 4})
	require.NoError(t, err)
	r := w.Compare(backends)
	t.Log(r)
	require.NoError(t, r.Err(func(name string) bool { return name != "vulkan" || os.Getenv("THETA_VULKAN") == "require" }))
	require.Len(t, r.Backends, len(backends))
	for _, b := range r.Backends {
		if b.Missing == "" {
			require.Equal(t, []int{104, 20, 4}, []int{b.Operations, b.Wide, b.Prompts}, b.Name)
			require.Equal(t, r.Reference.WideDigest, b.WideDigest, b.Name)
			require.Equal(t, r.Reference.OperationsDigest, b.OperationsDigest, b.Name)
			require.Equal(t, r.Reference.PromptsDigest, b.PromptsDigest, b.Name)
		}
	}
}

// odd is the reference, except for what it does after its submissions.
type odd struct {
	*ref.Device

	after func(calls []tensor.Call) error
}

func (o odd) Submit(calls []tensor.Call) error {
	return errors.Join(o.Device.Submit(calls), o.after(calls))
}

// comparing returns how a back end like odd compares.
func comparing(t *testing.T, operations, prompts int, after func(calls []tensor.Call) error) *conformance.Report {
	t.Helper()
	open := func() (tensor.Device, error) { return odd{ref.NewDevice(), after}, nil }
	return newWork(t, operations, prompts).Compare([]conformance.Backend{{Name: "odd", Open: open}})
}

func TestOneWrongBitIsADifference(t *testing.T) {
	flip := func(calls []tensor.Call) error {
		for _, call := range calls {
			if op, is := call.Op.(*tensor.Gemm); is {
				call.Buffers[2].(*ref.Buffer).S32[op.Out.Offset] ^= 1
			}
		}
		return nil
	}
	r := comparing(t, len(tensor.Codes()), 0, flip)
	require.Equal(t, 1, r.Backends[0].Differences)
	require.NotEqual(t, r.Reference.OperationsDigest, r.Backends[0].OperationsDigest)
	require.ErrorContains(t, r.Err(everyone), "odd: 1 differ: operations, number 0: gemm on reference: expected byte")
	require.Contains(t, r.String(), "1 differ")
	r = comparing(t, 0, 2, flip)
	require.Equal(t, 2, r.Backends[0].Differences)
	require.ErrorContains(t, r.Err(everyone), "prompts, number 0: step 0: expected logit")
}

func TestADeviceThatFailsIsNoDifference(t *testing.T) {
	r := comparing(t, 4, 1, func([]tensor.Call) error { return errors.New("device lost") })
	require.Zero(t, r.Backends[0].Differences)
	require.Zero(t, r.Backends[0].Operations)
	require.ErrorContains(t, r.Err(everyone), "odd: failed: operations, number 0: device lost")
}

func TestWorkThatIsStoppedReportsWhatItHasCompared(t *testing.T) {
	left := 8
	w, err := conformance.New(conformance.Options{Seed: 3, Operations: 5, Stopped: func() bool { left--; return left < 0 }})
	require.NoError(t, err)
	r := w.Compare(conformance.Own()[:1])
	require.Equal(t, 3, r.Backends[0].Operations)
	require.ErrorContains(t, r.Err(everyone), "failed: stopped after 3 of 5 operations")
}

func TestABackEndThatIsMissingIsAnErrorIfItIsRequired(t *testing.T) {
	w := newWork(t, 1, 0)
	r := w.Compare([]conformance.Backend{{Name: "card", Missing: "no device of Vulkan"}, {Name: "gone", Open: func() (tensor.Device, error) { return nil, errors.New("no driver") }}})
	require.ErrorContains(t, r.Err(everyone), "card: not opened: no device of Vulkan")
	err := r.Err(func(string) bool { return false })
	require.ErrorContains(t, err, "gone: failed: no driver")
	require.NotContains(t, err.Error(), "card")
}

func TestAReportIsWritten(t *testing.T) {
	r := newWork(t, 2, 0).Compare([]conformance.Backend{{Name: "cpu", Open: func() (tensor.Device, error) { return cpu.New(), nil }}})
	path := filepath.Join(t.TempDir(), "folder", "conformance.json")
	require.NoError(t, r.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"operations_digest": "`+r.Reference.OperationsDigest+`"`)
}

func TestDriversAreNamedWithTheirFiles(t *testing.T) {
	d, err := conformance.ParseDriver("mesa=/a/lvp.json@/root")
	require.NoError(t, err)
	require.Equal(t, conformance.Driver{Name: "mesa", File: "/a/lvp.json", Root: "/root"}, d)
	d, err = conformance.ParseDriver("emulated=/a/libcuda.so.1")
	require.NoError(t, err)
	require.Equal(t, conformance.Driver{Name: "emulated", File: "/a/libcuda.so.1", CUDA: true}, d)
	for _, wrong := range []string{"", "mesa", "=a.json", "mesa=a"} {
		_, err := conformance.ParseDriver(wrong)
		require.ErrorContains(t, err, "expected a driver as", wrong)
	}
	_, err = conformance.New(conformance.Options{})
	require.ErrorContains(t, err, "expected a number of operations, wide operations or prompts")
	_, err = conformance.New(conformance.Options{Prompts: 1, Root: t.TempDir()})
	require.ErrorContains(t, err, "open the model")
	for _, words := range [][]string{nil, {"list"}, {"serve", "CUDA"}, {"serve", "Vulkan", "first"}} {
		require.Error(t, conformance.Serve(words, nil, nil))
	}
}
