package cmd

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/tokenizer"
)

const proseModel = "../../../models/testdata/prose"

// convertModel executes `model convert`, and returns what it wrote.
func convertModel(args ...string) (string, error) {
	var out bytes.Buffer
	command := modelCommand()
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceUsage, command.SilenceErrors = true, true
	command.SetArgs(append([]string{"convert"}, args...))
	err := command.Execute()
	return out.String(), err
}

func TestAConvertedModelHasADigestAndALoss(t *testing.T) {
	dir := t.TempDir()
	target, text := filepath.Join(dir, "prose.theta"), filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("It is a truth universally acknowledged, that a single man in possession of a good fortune must be in want of a wife."), 0o600))
	out, err := convertModel(proseModel, target, "--bits", "4", "--calibrate", text, "--measure", text, "--windows", "2", "--window-tokens", "60")
	require.NoError(t, err)
	content, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Contains(t, out, fmt.Sprintf("sha256 %x\n", sha256.Sum256(content)))
	require.Contains(t, out, "without a chat format: expected a chat template, found none")
	require.Regexp(t, `\d\.\d{5} nats per token in floats, \d\.\d{5} in integers; .* of 118 places`, out)
	file, err := format.Open(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.Equal(t, format.Weights{Bits: 4, Group: 32, Smoothed: true}, file.Header.Weights)
	section, err := file.Section("tokenizer")
	require.NoError(t, err)
	_, err = tokenizer.Parse(section)
	require.NoError(t, err)

	_, err = convertModel(proseModel, target)
	require.ErrorContains(t, err, "not to exist yet")
	again, err := os.ReadFile(target)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, again))
}

func TestAConversionThatFailsLeavesNoFile(t *testing.T) {
	target := filepath.Join(t.TempDir(), "model")
	for want, args := range map[string][]string{
		"open the model":                   {"nowhere", target},
		"expected 8 or 4 bits":             {proseModel, target, "--bits", "5"},
		"read a text":                      {proseModel, target, "--calibrate", "nowhere"},
		"windows of 1":                     {proseModel, target, "--measure", "model.go", "--window-tokens", "1"},
		"expected a GGUF file or a folder": {"model.go", target},
		"accepts 2 arg(s), received 1":     {proseModel},
	} {
		_, err := convertModel(args...)
		require.ErrorContains(t, err, want)
		require.NoFileExists(t, target)
	}
}
