package config

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// inUTF16 returns a text as PowerShell writes it.
func inUTF16(text string) string {
	raw := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = binary.LittleEndian.AppendUint16(raw, unit)
	}
	return string(raw)
}

func TestSettingsThatAnEditorOfWindowsHasSavedAreReadAndChanged(t *testing.T) {
	const text = "# für Jörg\r\n[policy]\r\nmax-jobs = 7\r\n"
	for name, saved := range map[string]string{
		"CRLF":                 text,
		"a byte order mark":    "\xef\xbb\xbf" + text,
		"UTF-16 of PowerShell": inUTF16(text),
	} {
		home := homeWith(t, saved)
		c, err := Load(home, nil, nil)
		require.NoError(t, err, name)
		require.Equal(t, 7, c.Policy.MaxJobs, name)

		require.NoError(t, SetRates(home, map[string]uint64{"wasm/1": 123}), name)
		draft, err := NewDraft(home, nil, map[string]string{"policy.max-jobs": "8"})
		require.NoError(t, err, name)
		require.NoError(t, draft.Write(), name)
		c, err = Load(home, nil, nil)
		require.NoError(t, err, name)
		require.Equal(t, 8, c.Policy.MaxJobs, name)
		require.Equal(t, []string{"wasm/1=123"}, c.Policy.FuelPerBlock, name)
		raw, err := os.ReadFile(filepath.Join(home, FileName))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(raw), "# für Jörg\r\n[policy]"), "%s: %q", name, raw)
	}
}

func TestAPathOfWindowsInDoubleQuotesIsNamedWithTheCure(t *testing.T) {
	for text, says := range map[string]string{
		`"C:\Users\Jörg\pass.txt"`: `'C:\Users\Jörg\pass.txt'`,
		`"\\server\pass.txt"`:      `'\\server\pass.txt'`,
		`"C:\temp\new.txt"`:        "write a path of Windows in single quotes",
	} {
		_, err := Load(homeWith(t, "[keyring]\npassphrase-file = "+text+"\n"), nil, nil)
		require.ErrorContains(t, err, says, text)
	}
	c, err := Load(homeWith(t, `[keyring]`+"\n"+`passphrase-file = 'C:\temp\new.txt'`), nil, nil)
	require.NoError(t, err)
	require.Equal(t, `C:\temp\new.txt`, c.Keyring.PassphraseFile)
}
