package service

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServicesThatUseAProgramAreFoundWhateverTheirNames(t *testing.T) {
	bin, units := t.TempDir(), t.TempDir()
	exe := filepath.Join(bin, "thetaedge")
	require.NoError(t, os.WriteFile(exe, []byte("program"), 0o700))
	link := filepath.Join(bin, "link")
	require.NoError(t, os.Symlink(exe, link))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(units, name), []byte(text), 0o600))
	}
	second, err := UnitFile(Unit{Name: "attic", Exe: exe, Home: "/var/lib/attic", System: true, Account: "attic"})
	require.NoError(t, err)
	write("attic.service", second)
	write("cellar.service", "[Service]\nExecStart=-"+link+" start --home /x\n")
	write("quoted.service", "[Service]\nExecStart = \""+exe+"\" start\n")
	write("other.service", "[Service]\nExecStart=/usr/bin/true "+exe+"\n")
	write("none.service", "[Service]\n")
	write("attic.timer", second)
	require.NoError(t, os.Symlink(os.DevNull, filepath.Join(units, "masked.service")))
	require.NoError(t, os.Symlink(filepath.Join(units, "gone"), filepath.Join(units, "broken.service")))

	uses, err := usesIn([]place{{units, true}, {filepath.Join(units, "none"), false}}, ".service", exe, commandOfUnit)
	require.NoError(t, err)
	require.Equal(t, []Use{
		{Name: "attic", Path: filepath.Join(units, "attic.service"), System: true, Ours: true, Home: "/var/lib/attic"},
		{Name: "cellar", Path: filepath.Join(units, "cellar.service"), System: true},
		{Name: "quoted", Path: filepath.Join(units, "quoted.service"), System: true},
	}, uses)
	require.Equal(t, "as root: thetaedge service uninstall --name attic", uses[0].Uninstall())
	require.Contains(t, uses[1].Uninstall(), "in the way in which it was installed")
	require.Equal(t, "thetaedge service uninstall --name attic", Use{Name: "attic", Ours: true}.Uninstall())
}

func TestTheProgramOfAPropertyListIsRead(t *testing.T) {
	text, err := Plist(Unit{Name: "attic", Exe: "/Applications/R&D/thetaedge", Home: "/x"})
	require.NoError(t, err)
	require.Equal(t, "/Applications/R&D/thetaedge", commandOfList(text))
	require.Equal(t, "/bin/a", commandOfList("<dict><key>Program</key> <string>/bin/a</string></dict>"))
	require.Empty(t, commandOfList("<dict></dict>"))
}
