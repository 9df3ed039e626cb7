package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

// TestMain is also the program minisign, which verifies a signature as install.sh asks it to.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "minisign" {
		os.Exit(verify(os.Args[1:]))
	}
	// Paths of the release are those of the repository.
	if err := os.Chdir(filepath.Join("..", "..")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func verify(arguments []string) int {
	value := map[string]string{}
	for i, argument := range arguments {
		if i+1 < len(arguments) {
			value[argument] = arguments[i+1]
		}
	}
	keys, err := release.ParseKeys(value["-P"])
	content, err1 := os.ReadFile(value["-m"])
	signature, err2 := os.ReadFile(value["-x"])
	if err != nil || err1 != nil || err2 != nil || keys.Verify(content, signature) != nil {
		return 1
	}
	return 0
}

// place is a machine on which install.sh runs, next to a server of releases.
type place struct {
	t *testing.T
	// releases is the folder that the server shows, to the folder of the program, and tools the only
	// folder with programs.
	releases, to, tools, home string
	server                    *httptest.Server
	signer                    release.Signer
	// serve answers requests instead of the folder if it is not nil.
	serve http.HandlerFunc
}

func newPlace(t *testing.T, fetcher string, more ...string) *place {
	t.Helper()
	p := &place{t: t, releases: t.TempDir(), to: filepath.Join(t.TempDir(), "bin"), tools: t.TempDir(), home: t.TempDir()}
	_, private, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := private.MarshalText()
	require.NoError(t, err)
	p.signer, err = release.NewSigner(text, "")
	require.NoError(t, err)
	files := http.FileServer(http.Dir(p.releases))
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.serve != nil {
			p.serve(w, r)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	for _, tool := range append([]string{fetcher, "sh", "awk", "cat", "chmod", "cp", "cut", "grep", "gzip", "head", "id", "mkdir", "mktemp", "mv", "rm", "sed", "sha256sum", "tar", "uname", "wc"}, more...) {
		path, err := exec.LookPath(tool)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(p.tools, tool)))
	}
	return p
}

// publish makes a release whose program says that it has a version.
func (p *place) publish(version string) {
	p.t.Helper()
	program := filepath.Join(p.t.TempDir(), "program")
	content := "#!/bin/sh\n[ \"$1\" = uninstall ] && { shift; echo \"uninstalling $*\"; exit 0; }\necho thetaedge v" + version + "\n"
	require.NoError(p.t, os.WriteFile(program, []byte(content), 0o700))
	at := time.Unix(1_770_000_000, 0)
	o := order{version: version, channel: "stable", out: p.releases, at: at, expires: at.AddDate(1, 0, 0), signer: &p.signer}
	require.NoError(p.t, o.add("linux/"+runtime.GOARCH+"="+program))
	require.NoError(p.t, o.add("windows/amd64="+program))
	var out bytes.Buffer
	require.NoError(p.t, o.write(&out))
}

func (p *place) command(arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(p.tools, "sh"), append([]string{filepath.Join("scripts", "install.sh")}, arguments...)...)
	command.Env = []string{"PATH=" + p.tools, "HOME=" + p.home, "TMPDIR=" + p.home}
	return command
}

// install runs install.sh and returns what it said.
func (p *place) install(arguments ...string) (string, error) {
	said, err := p.command(append([]string{"--from", p.server.URL, "--to", p.to}, arguments...)...).CombinedOutput()
	left, globErr := filepath.Glob(filepath.Join(p.home, "thetaedge-install.*"))
	require.NoError(p.t, globErr)
	require.Empty(p.t, left, "nothing is left in the folder for temporary files")
	left, globErr = filepath.Glob(filepath.Join(p.to, ".thetaedge*"))
	require.NoError(p.t, globErr)
	require.Empty(p.t, left, "nothing half-made is left")
	return string(said), err
}

// installed returns what the installed program says; "" if there is none.
func (p *place) installed() string {
	said, err := exec.Command(filepath.Join(p.to, "thetaedge"), "version").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

func (p *place) archive(version string) string {
	return filepath.Join(p.releases, "stable", fmt.Sprintf("thetaedge_%s_linux_%s.tar.gz", version, runtime.GOARCH))
}

func TestOneLineInstallsUpdatesAndDoesNothingTwice(t *testing.T) {
	for _, fetcher := range []string{"curl", "wget"} {
		t.Run(fetcher, func(t *testing.T) {
			p := newPlace(t, fetcher)
			p.publish("1.4.0")
			said, err := p.install()
			require.NoError(t, err, said)
			require.Contains(t, said, "installed thetaedge 1.4.0 at "+p.to)
			require.Contains(t, said, p.to+" is not in PATH")
			require.Contains(t, said, "Next: thetaedge keys add operator, thetaedge init")
			require.Contains(t, said, "the signature is not checked")
			require.Equal(t, "thetaedge v1.4.0", p.installed())
			said, err = p.install()
			require.NoError(t, err, said)
			require.Contains(t, said, "already installed")
			p.publish("1.10.0")
			said, err = p.install()
			require.NoError(t, err, said)
			require.Contains(t, said, "Next: restart the node")
			require.Equal(t, "thetaedge v1.10.0", p.installed())
		})
	}
}

func TestTheInstallerRefusesADowngradeWithoutAFlag(t *testing.T) {
	for have, offered := range map[string]string{"1.10.0": "1.9.0", "1.4.0": "1.4.0-rc.2", "1.4.0-rc.10": "1.4.0-rc.9", "2.0.0": "1.99.99"} {
		p := newPlace(t, "curl")
		p.publish(have)
		_, err := p.install()
		require.NoError(t, err)
		p.publish(offered)
		said, err := p.install()
		require.Error(t, err)
		require.Contains(t, said, "which is newer than "+offered)
		require.Equal(t, "thetaedge v"+have, p.installed())
		said, err = p.install("--allow-downgrade")
		require.NoError(t, err, said)
		require.Equal(t, "thetaedge v"+offered, p.installed())
	}
	p := newPlace(t, "curl")
	require.NoError(t, os.MkdirAll(p.to, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(p.to, "thetaedge"), []byte("#!/bin/sh\necho thetaedge 4af2cf7\n"), 0o755))
	p.publish("1.4.0")
	said, err := p.install()
	require.Error(t, err)
	require.Contains(t, said, "whose version (4af2cf7) cannot be compared with 1.4.0")
}

func TestTheInstallerKeepsWhatIsThereIfTheReleaseIsNotWhole(t *testing.T) {
	replace := func(path string, content []byte) { require.NoError(t, os.WriteFile(path, content, 0o600)) }
	for name, c := range map[string]struct {
		breaks func(*place)
		says   string
	}{
		"a changed archive": {func(p *place) {
			content, err := os.ReadFile(p.archive("1.5.0"))
			require.NoError(t, err)
			content[len(content)/2] ^= 1
			replace(p.archive("1.5.0"), content)
		}, "expected the SHA-256 sum"},
		"an archive that was cut off": {func(p *place) { require.NoError(t, os.Truncate(p.archive("1.5.0"), 100)) }, "expected the SHA-256 sum"},
		"no archive":                  {func(p *place) { require.NoError(t, os.Remove(p.archive("1.5.0"))) }, "cannot fetch"},
		"no checksums":                {func(p *place) { replace(filepath.Join(p.releases, "stable", "SHA256SUMS"), nil) }, "expected an archive for linux"},
		"a path in the checksums": {func(p *place) {
			replace(filepath.Join(p.releases, "stable", "SHA256SUMS"), fmt.Appendf(nil, "%064d  thetaedge_../../x_linux_%s.tar.gz\n", 0, runtime.GOARCH))
		}, "expected an archive for linux"},
		"two archives": {func(p *place) {
			path := filepath.Join(p.releases, "stable", "SHA256SUMS")
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			replace(path, append(content, strings.ReplaceAll(string(content), "1.5.0", "1.6.0")...))
		}, "found several"},
		"a program that does not run": {func(p *place) { p.publishBroken("1.5.0") }, "that runs on this machine"},
		"a redirection to another kind": {func(p *place) {
			p.serve = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			}
		}, "cannot fetch"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, "curl")
			p.publish("1.4.0")
			_, err := p.install()
			require.NoError(t, err)
			p.publish("1.5.0")
			c.breaks(p)
			said, err := p.install()
			require.Error(t, err)
			require.Contains(t, said, c.says)
			require.Equal(t, "thetaedge v1.4.0", p.installed())
		})
	}
}

// publishBroken makes a release whose program says another version than its name.
func (p *place) publishBroken(version string) {
	p.t.Helper()
	other := *p
	other.releases = p.t.TempDir()
	other.publish("9.9.9")
	content, err := os.ReadFile(other.archive("9.9.9"))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(p.archive(version), content, 0o600))
	sum := written{content: content}.sum()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.releases, "stable", "SHA256SUMS"), fmt.Appendf(nil, "%s  %s\n", sum, filepath.Base(p.archive(version))), 0o600))
}

// TestTheInstallerDoesNotReadMoreThanAFileMayHave: a server that is not that of the releases any more must not fill the
// disk. It does not name the size.
func TestTheInstallerDoesNotReadMoreThanAFileMayHave(t *testing.T) {
	for _, fetcher := range []string{"curl", "wget"} {
		t.Run(fetcher, func(t *testing.T) {
			p := newPlace(t, fetcher)
			ended := make(chan struct{})
			p.serve = func(w http.ResponseWriter, _ *http.Request) {
				defer close(ended)
				for line := bytes.Repeat([]byte("0"), 4096); ; {
					if _, err := w.Write(line); err != nil {
						return
					}
				}
			}
			said, err := p.install()
			require.Error(t, err)
			require.Contains(t, said, "expected at most 65536 bytes")
			<-ended
			require.Empty(t, p.installed())
		})
	}
}

func TestTheInstallerChecksTheSignatureWhereMinisignIsThere(t *testing.T) {
	p := newPlace(t, "curl")
	exe, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(exe, filepath.Join(p.tools, "minisign")))
	p.publish("1.4.0")
	key, err := p.signer.Public()
	require.NoError(t, err)
	said, err := p.install("--key", key)
	require.NoError(t, err, said)
	require.Contains(t, said, "the signature is good")
	sums := filepath.Join(p.releases, "stable", "SHA256SUMS")
	content, err := os.ReadFile(sums)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(sums, append(content, '\n'), 0o600))
	said, err = p.install("--key", key)
	require.Error(t, err)
	require.Contains(t, said, "the signature of SHA256SUMS is not by the key")
	require.NoError(t, os.Remove(sums+".sig"))
	said, err = p.install("--key", key)
	require.Error(t, err)
	require.Contains(t, said, "cannot fetch")
	copied, err := os.ReadFile(filepath.Join(p.releases, "stable", "install.sh"))
	require.NoError(t, err)
	require.Contains(t, string(copied), "RELEASE_KEY='"+key+"'", "the copy next to a release knows its key")
}

// TestAKeyThatTheOwnerGivesIsNotIgnored: without minisign, the script cannot say whether the release is by that key.
func TestAKeyThatTheOwnerGivesIsNotIgnored(t *testing.T) {
	p := newPlace(t, "curl")
	p.publish("1.4.0")
	key, err := p.signer.Public()
	require.NoError(t, err)
	said, err := p.install("--key", key)
	require.Error(t, err)
	require.Contains(t, said, "expected the program minisign, with which --key is compared, found none")
	require.Empty(t, p.installed())
}

func TestTheInstallerNeedsAnAddressThatNobodyOnTheWayCanChange(t *testing.T) {
	p := newPlace(t, "curl")
	for _, c := range []struct{ from, says string }{
		{"", "expected --from URL or THETAEDGE_RELEASES with the address of the releases, found none: no public address exists yet"},
		{"http://releases.example", "expected an address that begins with https://"},
		{"releases.example", "expected an address that begins with https://"},
		{"http://127.0.0.1.example/", "expected an address that begins with https://"},
		{"http://127.0.0.1:80@releases.example/", "expected an address without a user"},
		{"http://localhost:x@releases.example/", "expected an address without a user"},
		{"https://releases.example/?a=b", "expected an address without a user"},
	} {
		said, err := p.command("--from", c.from, "--to", p.to).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(said), c.says)
	}
	for _, bad := range [][]string{{"--channel", "../x", "--from", "https://releases.example"}, {"--from"}, {"--nonsense"}} {
		_, err := p.command(bad...).CombinedOutput()
		require.Error(t, err, bad)
	}
	require.NoDirExists(t, p.to)
}

// TestAnInterruptedInstallationLeavesTheProgramBefore: it is killed in the middle of a download.
func TestAnInterruptedInstallationLeavesTheProgramBefore(t *testing.T) {
	p := newPlace(t, "curl")
	p.publish("1.4.0")
	_, err := p.install()
	require.NoError(t, err)
	p.publish("1.5.0")
	reached, killed := make(chan struct{}), make(chan struct{})
	files := http.FileServer(http.Dir(p.releases))
	p.serve = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".tar.gz") {
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte("begin"))
		_ = http.NewResponseController(w).Flush()
		close(reached)
		<-killed
	}
	command := p.command("--from", p.server.URL, "--to", p.to)
	require.NoError(t, command.Start())
	<-reached
	require.NoError(t, command.Process.Kill())
	_ = command.Wait()
	close(killed)
	require.Equal(t, "thetaedge v1.4.0", p.installed())
	p.serve = nil
	left, err := filepath.Glob(filepath.Join(p.home, "thetaedge-install.*"))
	require.NoError(t, err)
	for _, folder := range left { // a killed process cannot remove it
		require.NoError(t, os.RemoveAll(folder))
	}
	said, err := p.install()
	require.NoError(t, err, said)
	require.Equal(t, "thetaedge v1.5.0", p.installed())
}

func TestHalfOfTheInstallerDoesNothing(t *testing.T) {
	p := newPlace(t, "curl")
	p.publish("1.4.0")
	text, err := os.ReadFile(filepath.Join("scripts", "install.sh"))
	require.NoError(t, err)
	for part := 1; part < 20; part++ {
		command := exec.Command(filepath.Join(p.tools, "sh"), "-s", "--", "--from", p.server.URL, "--to", p.to)
		command.Env, command.Stdin = []string{"PATH=" + p.tools, "HOME=" + p.home}, bytes.NewReader(text[:(len(text)-12)*part/20])
		_ = command.Run()
		require.NoDirExists(t, p.to)
	}
}

func TestTheInstallerLetsTheProgramUninstallItself(t *testing.T) {
	p := newPlace(t, "curl")
	said, err := p.command("--uninstall", "--to", p.to).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(said), "expected the program at "+p.to)
	p.publish("1.4.0")
	_, err = p.install()
	require.NoError(t, err)
	said, err = p.command("--uninstall", "--to", p.to, "--home", "/srv/node", "--delete-home").CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "uninstalling --home /srv/node --delete-home\n", string(said))
}

// TestTheSameOrderGivesTheSameBytes, on any day and in any folder.
func TestTheSameOrderGivesTheSameBytes(t *testing.T) {
	first := newPlace(t, "curl")
	second := newPlace(t, "curl")
	second.signer = first.signer
	first.publish("1.4.0")
	second.publish("1.4.0")
	entries, err := os.ReadDir(filepath.Join(first.releases, "stable"))
	require.NoError(t, err)
	require.Len(t, entries, 8)
	for _, entry := range entries {
		x, err := os.ReadFile(filepath.Join(first.releases, "stable", entry.Name()))
		require.NoError(t, err)
		y, err := os.ReadFile(filepath.Join(second.releases, "stable", entry.Name()))
		require.NoError(t, err)
		require.Equal(t, x, y, entry.Name())
	}
	var out bytes.Buffer
	require.ErrorContains(t, (&order{version: "4af2cf7", channel: "stable"}).write(&out), "tag the commit")
}
