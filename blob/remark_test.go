package blob

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
)

func TestARemarkIsReadAsItWasWrittenAndNothingElseIs(t *testing.T) {
	r := Remark{JobID: "1042-0-0", Task: 7, Round: 1, Node: "theta1node", Text: "unknown import: env.gpu_launch\nsee the profile"}
	back, ok := DecodeRemark(r.Encode())
	require.True(t, ok)
	require.Equal(t, r, back)
	encoded := string(r.Encode())
	for name, other := range map[string]string{
		"nothing":          "",
		"another version":  strings.Replace(encoded, "remark/1", "remark/2", 1),
		"task with a sign": strings.Replace(encoded, "task 7", "task +7", 1),
		"no job":           strings.Replace(encoded, "job 1042-0-0", "job ", 1),
		"long name":        strings.Replace(encoded, "theta1node", strings.Repeat("n", 200), 1),
		"control":          strings.Replace(encoded, "see", "s\x1b[2J", 1),
		"more after it":    encoded + "\n",
		"no UTF-8":         encoded + "\xff",
		"too long":         encoded + strings.Repeat("x", MaxRemarkBytes),
	} {
		_, ok := DecodeRemark([]byte(other))
		require.False(t, ok, name)
	}
}

func TestARemarkIsNoManifestAndAManifestNoRemark(t *testing.T) {
	_, err := manifest.Decode(Remark{JobID: "1-0-0", Node: "n", Text: "text"}.Encode())
	require.ErrorIs(t, err, manifest.ErrInvalid)
	encoded, err := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonTrapped, ExitCode: manifest.NoExitCode}.Encode()
	require.NoError(t, err)
	_, ok := DecodeRemark(encoded)
	require.False(t, ok)
}

func TestTextsOfProgramsAreBoundedAndPrintable(t *testing.T) {
	require.Equal(t, "a  b\nc", Printable(" a\x00\x1bb\nc\xff\r\n"))
	long := Printable(strings.Repeat("é", MaxRemarkText))
	require.LessOrEqual(t, len(long), MaxRemarkText)
	require.True(t, strings.HasSuffix(long, "é…"))
	require.LessOrEqual(t, len(Remark{JobID: strings.Repeat("9", 64), Node: strings.Repeat("n", 90), Text: long}.Encode()), MaxRemarkBytes)
	require.Equal(t, long, Printable(long))
}

func FuzzDecodeRemarkAcceptsOnlyWhatItWouldWrite(f *testing.F) {
	f.Add(Remark{JobID: "1042-0-0", Task: 7, Round: 1, Node: "theta1node", Text: "text"}.Encode())
	f.Fuzz(func(t *testing.T, content []byte) {
		if r, ok := DecodeRemark(content); ok {
			require.Equal(t, string(content), string(r.Encode()))
		}
	})
}
