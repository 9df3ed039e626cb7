// Command release packs programs into the archives of a release, with checksums, a manifest and
// signatures. The same programs, version, time and key give the same bytes.
//
// Usage: go run ./scripts/release -version 1.4.0 -time UNIX -out DIR [-key FILE] OS/ARCH=PROGRAM...
//
//	go run ./scripts/release -new-key FILE
//
// The password of the key is in RELEASE_KEY_PASSWORD.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"aead.dev/minisign"

	"github.com/thetaedge/theta/sidecar/release"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run() error {
	var o order
	flag.StringVar(&o.version, "version", "", "version of the release, such as 1.4.0")
	flag.StringVar(&o.channel, "channel", "stable", "list of releases to which this one belongs")
	flag.StringVar(&o.out, "out", "build/release/archives", "folder for the channel's folder, which is made anew")
	seconds := flag.Int64("time", 0, "time of the release in seconds since 1970, for reproducible bytes")
	days := flag.Int("days", 180, "days for which the manifest is the newest one; sign it anew before")
	key := flag.String("key", "", "file with the private key of minisign; without one, nothing is signed")
	fresh := flag.String("new-key", "", "only make a key: the private one in this file, the public one with .pub")
	flag.Parse()
	if *fresh != "" {
		return newKey(*fresh)
	}
	if *seconds <= 0 || *days < 1 || *days > 3650 {
		return fmt.Errorf("expected -time of at least 1 second and -days of 1 to 3650, found %d and %d", *seconds, *days)
	}
	o.at = time.Unix(*seconds, 0).UTC()
	o.expires = o.at.AddDate(0, 0, *days)
	if *key != "" {
		text, err := os.ReadFile(*key)
		if err != nil {
			return err
		}
		signer, err := release.NewSigner(text, os.Getenv("RELEASE_KEY_PASSWORD"))
		if err != nil {
			return fmt.Errorf("%s: %w", *key, err)
		}
		o.signer = &signer
	}
	for _, argument := range flag.Args() {
		if err := o.add(argument); err != nil {
			return err
		}
	}
	return o.write(os.Stdout)
}

// newKey makes a key without a password; minisign -C adds one.
func newKey(path string) error {
	public, private, err := minisign.GenerateKey(nil)
	if err != nil {
		return err
	}
	text, err := private.MarshalText()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	fmt.Println("the public key, a line of sidecar/release/keys.txt:", public)
	return os.WriteFile(path+".pub", []byte(public.String()+"\n"), 0o644) //nolint:gosec // it is public
}
