package guard_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// compared runs a case with a list of kinds, and returns how many of its calls were compared.
func compared(t *testing.T, q *guard.Qualified, code tensor.Code) int {
	t.Helper()
	before := q.Added()
	_, err := tensortest.Large(code).Run(guard.New(ref.NewDevice(), guard.Config{Qualified: q, Sample: 1 << 31}))
	require.NoError(t, err)
	return q.Added() - before
}

func TestKindsThatWereSavedAreNotComparedAgain(t *testing.T) {
	var q guard.Qualified
	require.Equal(t, 1, compared(t, &q, tensor.CodeSoftmax))
	require.Equal(t, 1, compared(t, &q, tensor.CodeRMSNorm))
	require.Zero(t, compared(t, &q, tensor.CodeSoftmax))
	var file bytes.Buffer
	require.NoError(t, q.Save(&file))

	var next guard.Qualified
	require.NoError(t, next.Load(bytes.NewReader(file.Bytes())))
	require.Equal(t, 1, compared(t, &next, tensor.CodeCast), "another kind is compared")
	require.Zero(t, compared(t, &next, tensor.CodeSoftmax))
	require.Zero(t, compared(t, &next, tensor.CodeRMSNorm))
	var both bytes.Buffer
	require.NoError(t, next.Save(&both))
	require.Equal(t, file.Len()+32, both.Len(), "earlier kinds stay in the file")
	require.LessOrEqual(t, both.Len(), guard.MaxKeptBytes)
}

// renamed is the reference under another name.
type renamed struct{ tensor.Device }

func (renamed) Name() string { return "reference with other kernels" }

// A driver that gave wrong matrices last time, and right ones this time, executes other kernels.
func TestKindsCountForTheKernelsThatADeviceNames(t *testing.T) {
	var q guard.Qualified
	require.Equal(t, 1, compared(t, &q, tensor.CodeSoftmax))
	var file bytes.Buffer
	require.NoError(t, q.Save(&file))
	var next guard.Qualified
	require.NoError(t, next.Load(&file))
	_, err := tensortest.Large(tensor.CodeSoftmax).Run(guard.New(renamed{ref.NewDevice()}, guard.Config{Qualified: &next, Sample: 1 << 31}))
	require.NoError(t, err)
	require.Equal(t, 1, next.Added())
	require.Zero(t, compared(t, &next, tensor.CodeSoftmax))
}

func TestAFileOfKindsThatIsNotWholeAddsNothing(t *testing.T) {
	var q guard.Qualified
	compared(t, &q, tensor.CodeSoftmax)
	var file bytes.Buffer
	require.NoError(t, q.Save(&file))
	for name, content := range map[string][]byte{
		"empty": nil, "another file": []byte("theta qualified kinds 1\n"), "cut off": file.Bytes()[:file.Len()-1],
	} {
		var next guard.Qualified
		require.ErrorContains(t, next.Load(bytes.NewReader(content)), "delete it", name)
		require.Equal(t, 1, compared(t, &next, tensor.CodeSoftmax), name)
	}
}
