package update

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/thetaedge/theta/sidecar/release"
)

// ErrNothingNew means that there is no newer version.
var ErrNothingNew = errors.New("there is no newer version")

// Program says what runs now.
type Program struct {
	// Version is the version that runs.
	Version string
	// Protocol is the newest format of the journal that it reads.
	Protocol uint64
}

// Offer is a newer version that may be installed.
type Offer struct {
	Manifest release.Manifest
	File     release.File
	// Loses says why the program that runs could not take over again; empty if it could. Such a version
	// is installed only if the owner asks for it.
	Loses string

	raw, signature []byte
	version        release.Version
}

// Version returns the version of the offer.
func (o Offer) Version() release.Version { return o.version }

// Check asks a source for a version that is newer than the one that runs. It returns ErrNothingNew if there is
// none. It remembers the newest version that it has seen, so that a server cannot offer an older one later.
func (f *Folder) Check(ctx context.Context, from *Source, keys release.Keys, running Program) (Offer, error) {
	own, err := release.ParseVersion(running.Version)
	if err != nil {
		return Offer{}, fmt.Errorf("this program cannot be compared with a release: %w; install a release first", err)
	}
	if len(keys) == 0 {
		return Offer{}, release.ErrNoKey
	}
	raw, signature, err := from.manifest(ctx)
	if err != nil {
		return Offer{}, err
	}
	manifest, err := release.OpenManifest(raw, signature, keys)
	if err != nil {
		return Offer{}, err
	}
	offer := Offer{Manifest: manifest, raw: raw, signature: signature}
	if offer.version, err = release.ParseVersion(manifest.Version); err != nil {
		return Offer{}, err
	}
	if err := f.admit(&offer, from, own); err != nil {
		return Offer{}, err
	}
	if manifest.MinimumProtocol > running.Protocol {
		offer.Loses = fmt.Sprintf("version %s writes the journal in format %d, and version %s reads formats up to %d, so that it could not take over again", offer.version, manifest.MinimumProtocol, own, running.Protocol)
	}
	return offer, nil
}

// admit judges a manifest whose signature is good.
func (f *Folder) admit(o *Offer, from *Source, own release.Version) error {
	now := f.Now()
	if want := from.channel(); o.Manifest.Channel != want {
		return fmt.Errorf("expected a release of the channel %q, found one of %q", want, o.Manifest.Channel)
	}
	if !now.Before(o.Manifest.Expires) {
		return fmt.Errorf("expected a manifest that is still valid, found one that expired at %s: the server has shown no newer one since; check this machine's clock and update.url", o.Manifest.Expires.Format("2006-01-02"))
	}
	var err error
	if o.File, err = o.Manifest.For(runtime.GOOS, runtime.GOARCH); err != nil {
		return err
	}
	if err := f.change(func(s *State) error { return s.see(o) }); err != nil {
		return err
	}
	if !o.version.NewerThan(own) {
		return ErrNothingNew
	}
	state, err := f.State()
	if err != nil {
		return err
	}
	if bad, is := state.BadFor(o.version, now); is {
		return bad.err()
	}
	return nil
}

// see remembers a release. It refuses one that is older than one of its channel seen before, and other bytes
// under the same version.
func (s *State) see(o *Offer) error {
	seen, err := release.ParseVersion(s.Newest.Version)
	switch {
	case err != nil: // the first one
	case s.Newest.Channel != "" && s.Newest.Channel != o.Manifest.Channel: // the owner has changed it
	case seen.NewerThan(o.version):
		return fmt.Errorf("expected version %s or newer, which this machine has seen before, found %s: somebody shows an old manifest", seen, o.version)
	case seen == o.version && s.Newest.SHA256 != o.File.SHA256:
		return fmt.Errorf("expected the archive %.16s... of version %s, which this machine has seen before, found %.16s...: a version never changes", s.Newest.SHA256, seen, o.File.SHA256)
	}
	s.Newest = Seen{Channel: o.Manifest.Channel, Version: o.version.String(), SHA256: o.File.SHA256}
	return nil
}
