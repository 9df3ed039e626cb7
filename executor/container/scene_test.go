package container

import (
	"archive/tar"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func symlink(name, to string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to, Mode: 0o777}, nil}
}

func plainFile(name string) entry { return entry{tar.Header{Name: name, Mode: 0o644}, []byte("x")} }

func folder(name string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}, nil}
}

// TestImagesLeaveThePlacesOfMountsFree: a link there leads mounts of the host elsewhere, and a file makes the engine
// fail, so that the requester has every node fail.
func TestImagesLeaveThePlacesOfMountsFree(t *testing.T) {
	for name, test := range map[string]struct {
		entries []entry
		says    string
	}{
		"outputs lead out":             {[]entry{symlink("out", "../../../../etc")}, "in the place of a folder"},
		"outputs lead to proc":         {[]entry{symlink("./out/", "/proc")}, "in the place of a folder"},
		"inputs lead to a process":     {[]entry{symlink("in", "/proc/self/cwd")}, "in the place of a folder"},
		"link below the inputs":        {[]entry{folder("in/"), symlink("in/data", "/proc/1/root")}, "in the place of a folder"},
		"tmp leads to proc":            {[]entry{symlink("tmp", "/proc")}, "in the place of a folder"},
		"proc is a link":               {[]entry{symlink("proc", "/out")}, "in the place of a folder"},
		"outputs are a file":           {[]entry{plainFile("out")}, "in the place of a folder"},
		"outputs are a hard link":      {[]entry{{tar.Header{Name: "out", Typeflag: tar.TypeLink, Linkname: "guest"}, nil}}, "in the place of a folder"},
		"volume is a link":             {[]entry{symlink("data", "/proc/sys")}, "in the place of a folder"},
		"volume is a file":             {[]entry{plainFile("data")}, "in the place of a folder"},
		"the root is a link":           {[]entry{symlink(".", "/x")}, "in the place of a folder"},
		"link behind a link":           {[]entry{symlink("a", "."), symlink("a/out", "/etc")}, "in the place of a folder"},
		"link behind an absolute link": {[]entry{symlink("x/a", "/"), symlink("x/a/tmp", "/proc")}, "in the place of a folder"},
		"link behind two links":        {[]entry{symlink("b", "in"), symlink("a", "b"), symlink("a/data", "/proc")}, "in the place of a folder"},
		"links in a circle":            {[]entry{symlink("a", "b"), symlink("b", "a"), plainFile("a/x")}, "behind more than 40 links"},
		"long name":                    {[]entry{plainFile("a/" + strings.Repeat("n", 256))}, "with an element of 256 bytes"},
		"whiteout of the folder":       {[]entry{plainFile("a/.wh..")}, "removes nothing"},
		"whiteout of the folder above": {[]entry{plainFile("a/.wh...")}, "removes nothing"},
		"whiteout of nothing":          {[]entry{plainFile("a/.wh.")}, "removes nothing"},
		"long path":                    {[]entry{plainFile(strings.Repeat("n/", 2048) + "n")}, "a path of 4097 bytes"},
		"long link":                    {[]entry{symlink("a", strings.Repeat("n", 4097))}, "links of more than 4096 bytes"},
		"the working directory":        {[]entry{plainFile("work")}, "its working directory"},
	} {
		t.Run(name, func(t *testing.T) {
			d := plainImage()
			d.config["Volumes"], d.config["WorkingDir"] = map[string]any{"/data/": map[string]any{}}, "/work"
			d.entries = append(d.entries, test.entries...)
			_, _, err := read(t, d.saved(t), 1<<20)
			require.ErrorIs(t, err, errImage)
			require.ErrorContains(t, err, test.says)
		})
	}
	d := plainImage()
	d.config["Volumes"], d.config["WorkingDir"] = map[string]any{"/var/run/x": map[string]any{}}, "/app"
	d.entries = append(d.entries, folder("out"), folder("in"), folder("in/data"), folder("tmp/"), folder("dev"), plainFile("dev/console"), folder("usr/lib"),
		symlink("lib", "usr/lib"), symlink("lib/x.so", "x.so.1"), symlink("var/run", "/run"), symlink("app", "/usr/app"), plainFile("in/.wh.old"), plainFile("a/.wh..wh..opq"), symlink("usr/tmp", "/tmp"))
	_, _, err := read(t, d.saved(t), 1<<20)
	require.NoError(t, err, "what usual images have")
}

// TestLinksTakeLimitedMemory: the daemon holds those of a layer.
func TestLinksTakeLimitedMemory(t *testing.T) {
	s, err := newScene(&settings{})
	require.NoError(t, err)
	to, n := strings.Repeat("x", maxPath), 0
	for ; err == nil && n < 1<<20; n++ {
		err = s.entry(&tar.Header{Typeflag: tar.TypeSymlink, Name: strconv.Itoa(n), Linkname: to})
	}
	require.ErrorIs(t, err, errImage)
	require.Less(t, n*maxPath, maxLinkBytes+2*maxPath)
	s.layer()
	require.NoError(t, s.entry(&tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: to}))
}

func TestSettingsThatNoEngineStartsAreRefused(t *testing.T) {
	for key, value := range map[string]any{
		"Env": []string{"A=b", "=x"}, "Cmd": []string{"/guest", "a\x00b"}, "Entrypoint": []string{"\x00"}, "WorkingDir": "/a\x00",
	} {
		d := plainImage()
		d.config[key] = value
		_, _, err := read(t, d.saved(t), 1<<20)
		require.ErrorIs(t, err, errImage, key)
	}
}

// TestOnlyAMissingProgramIsTheFaultOfTheImage: the exit codes are the same where the machine lacks something.
func TestOnlyAMissingProgramIsTheFaultOfTheImage(t *testing.T) {
	for text, want := range map[string]bool{
		`unable to start container process: exec: "/missing": stat /missing: no such file or directory`:                    true,
		`unable to start container process: exec: "/plain": permission denied: unknown`:                                    true,
		"crun: executable file `/missing` not found: No such file or directory: OCI runtime attempted to invoke a command": true,
		`error mounting "/home/a/input" to rootfs at "/in/data/one": permission denied`:                                    false,
		`open /sys/fs/cgroup/memory/docker/x/cgroup.procs: no such file or directory`:                                      false,
	} {
		require.Equal(t, want, ofProgram(errors.New(text)), text)
	}
}
