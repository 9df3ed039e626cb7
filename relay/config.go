package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/thetaedge/theta/executor/manifest"
)

// Config bounds a relay. All sizes are bytes.
type Config struct {
	// Root is the folder that holds the content; it is created if missing.
	Root string `mapstructure:"root" toml:"root"`
	// MaxBytes is the largest single blob or drop.
	MaxBytes int64 `mapstructure:"max-bytes" toml:"max-bytes"`
	// TotalBytes is the most that the relay keeps in all.
	TotalBytes int64 `mapstructure:"total-bytes" toml:"total-bytes"`
	// MaxFiles is the most files that it keeps in all: empty ones take no bytes, but
	// memory and a place in the file system. Each counts at least its share of
	// TotalBytes towards ClientBytes.
	MaxFiles int `mapstructure:"max-files" toml:"max-files"`
	// ClientBytes is what one client may upload per ClientWindow; 0 is no limit.
	ClientBytes  int64         `mapstructure:"client-bytes" toml:"client-bytes"`
	ClientWindow time.Duration `mapstructure:"client-window" toml:"client-window"`
	// ClientPercent is how much one client may hold of what the relay has free; its
	// network may hold as much as is free. The more there are, the less each may have.
	ClientPercent int `mapstructure:"client-percent" toml:"client-percent"`
	// DropPercent is the part of the relay that is for results; inputs have the rest, and
	// neither takes room from the other.
	DropPercent int `mapstructure:"drop-percent" toml:"drop-percent"`
	// ClientRate is the sustained requests per second of one client; 0 is no limit. Its
	// network gets networkFactor times as many.
	ClientRate int `mapstructure:"client-rate" toml:"client-rate"`
	// MaxConns bounds the connections at once; 0 is no limit. One client may have as many
	// as are left.
	MaxConns int `mapstructure:"max-conns" toml:"max-conns"`
	// MaxUploads bounds the uploads in progress, over all clients. Where all are taken the
	// slowest makes room.
	MaxUploads int `mapstructure:"max-uploads" toml:"max-uploads"`
	// BlobTTL and DropTTL are how long content is kept after its last upload.
	BlobTTL time.Duration `mapstructure:"blob-ttl" toml:"blob-ttl"`
	DropTTL time.Duration `mapstructure:"drop-ttl" toml:"drop-ttl"`
	// BoxCount and BoxBytes cap what the chain's nodes bring for one task, each for
	// itself, and what all others together bring into one drop box. Each client is
	// charged for what it adds even if another client has added the same, because
	// otherwise the cap would tell whether the result of another node is already there.
	BoxCount int   `mapstructure:"box-count" toml:"box-count"`
	BoxBytes int64 `mapstructure:"box-bytes" toml:"box-bytes"`
	// BoxClientPercent is how much a client that the chain does not show at work may
	// hold of what a box has free, so that strangers leave room for the next.
	BoxClientPercent int `mapstructure:"box-client-percent" toml:"box-client-percent"`
	// SweepEvery is the pause between two searches for expired content.
	SweepEvery time.Duration `mapstructure:"sweep-every" toml:"sweep-every"`
	// MinRate is the slowest tolerated transfer in bytes per second over its whole time, beyond
	// Grace, which is also the longest pause of an upload.
	MinRate int64         `mapstructure:"min-rate" toml:"min-rate"`
	Grace   time.Duration `mapstructure:"grace" toml:"grace"`
	// TrustedProxies may name the client in X-Forwarded-For.
	TrustedProxies []netip.Prefix `mapstructure:"-" toml:"-"`
	// Ledger shows which node works on which task. If it is nil, the relay cannot ask, and
	// clients share boxes by their addresses.
	Ledger Ledger `mapstructure:"-" toml:"-"`
	// Audiences are the hosts under which clients know this relay, such as
	// relay.example or relay.example:7070; none is whatever host a request names.
	Audiences []string `mapstructure:"-" toml:"-"`
	// Now is the clock; nil is time.Now.
	Now func() time.Time `mapstructure:"-" toml:"-"`
}

// resultFiles is the most contents that a node delivers for a task: the outputs of the
// largest result, its manifest, its trace and its remark.
const resultFiles = manifest.MaxFiles + 3

// DefaultConfig fits a small public relay with its content under root.
func DefaultConfig(root string) Config {
	return Config{
		Root:             root,
		MaxBytes:         256 << 20,
		TotalBytes:       20 << 30,
		MaxFiles:         1 << 20,
		ClientBytes:      4 << 30,
		ClientWindow:     time.Hour,
		ClientPercent:    50,
		DropPercent:      50,
		ClientRate:       50,
		MaxConns:         4096,
		MaxUploads:       64,
		BlobTTL:          7 * 24 * time.Hour,
		DropTTL:          7 * 24 * time.Hour,
		BoxCount:         resultFiles,
		BoxBytes:         2 << 30,
		BoxClientPercent: 50,
		SweepEvery:       time.Minute,
		MinRate:          8 << 10,
		Grace:            30 * time.Second,
	}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var errs []error
	positive := func(name string, value int64) {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("%s: expected more than 0, found %d", name, value))
		}
	}
	if c.Root == "" {
		errs = append(errs, errors.New("root: expected a folder, found none"))
	}
	positive("max-bytes", c.MaxBytes)
	positive("total-bytes", c.TotalBytes)
	positive("max-files", int64(c.MaxFiles))
	positive("max-uploads", int64(c.MaxUploads))
	positive("blob-ttl", int64(c.BlobTTL))
	positive("drop-ttl", int64(c.DropTTL))
	positive("box-count", int64(c.BoxCount))
	positive("box-bytes", c.BoxBytes)
	positive("sweep-every", int64(c.SweepEvery))
	positive("min-rate", c.MinRate)
	positive("grace", int64(c.Grace))
	if c.MaxBytes > c.TotalBytes {
		errs = append(errs, fmt.Errorf("max-bytes: expected at most total-bytes (%d), found %d", c.TotalBytes, c.MaxBytes))
	}
	for name, percent := range map[string]int{"box-client-percent": c.BoxClientPercent, "client-percent": c.ClientPercent} {
		if percent < 1 || percent > 100 {
			errs = append(errs, fmt.Errorf("%s: expected 1 to 100, found %d", name, percent))
		}
	}
	if c.DropPercent < 0 || c.DropPercent > 100 {
		errs = append(errs, fmt.Errorf("drop-percent: expected 0 to 100, found %d", c.DropPercent))
	}
	if c.ClientBytes < 0 || c.ClientRate < 0 || c.MaxConns < 0 {
		errs = append(errs, errors.New("client-bytes, client-rate and max-conns: expected 0 (no limit) or more"))
	}
	if c.ClientBytes > 0 {
		positive("client-window", int64(c.ClientWindow))
		if c.ClientBytes < c.MaxBytes {
			errs = append(errs, fmt.Errorf("client-bytes: expected at least max-bytes (%d), or no client can upload the largest blob, found %d", c.MaxBytes, c.ClientBytes))
		}
	}
	return errors.Join(errs...)
}
