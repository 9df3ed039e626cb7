package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/release"
)

const (
	// manifestLimit and archiveLimit bound the time of a download, however slowly a server sends.
	manifestLimit = time.Minute
	archiveLimit  = time.Hour
	// headerLimit bounds the time until a server begins to answer.
	headerLimit  = 30 * time.Second
	maxRedirects = 5
)

// Source is where the releases of a channel are.
type Source struct {
	base, name string
	client     *http.Client
}

// channel is the name of the list of releases.
func (s *Source) channel() string { return s.name }

// NewSource returns the releases of a channel at an address that CheckAddress accepts.
func NewSource(address, channel string) (*Source, error) {
	if err := errors.Join(CheckAddress(address), release.CheckChannel(channel)); err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: headerLimit, TLSHandshakeTimeout: headerLimit,
		DialContext: (&net.Dialer{Timeout: headerLimit}).DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		// A body that is packed again could be larger than what was asked for.
		DisableCompression: true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(request *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("expected at most %d redirections, found more", maxRedirects)
		}
		if via[0].URL.Scheme != request.URL.Scheme {
			return fmt.Errorf("expected redirections to %s only, found one to %.200q", via[0].URL.Scheme, request.URL.Redacted())
		}
		return checkURL(request.URL)
	}}
	return &Source{base: strings.TrimRight(address, "/") + "/" + channel, name: channel, client: client}, nil
}

// CheckAddress refuses addresses at which others on the way could read or change what comes: all but
// https, and http of this machine.
func CheckAddress(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("expected an address such as https://releases.example, found %.200q", address)
	}
	if parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		return fmt.Errorf("expected an address without user, question mark and hash sign, found %.200q", parsed.Redacted())
	}
	return checkURL(parsed)
}

func checkURL(u *url.URL) error {
	host := u.Hostname()
	ip := net.ParseIP(host)
	own := host == "localhost" || ip != nil && ip.IsLoopback()
	if host != "" && (u.Scheme == "https" || u.Scheme == "http" && own) {
		return nil
	}
	return fmt.Errorf("expected an address that begins with https://, found %.200q", u.Redacted())
}

// manifest fetches the manifest of the newest release with its signature. Neither is checked.
func (s *Source) manifest(ctx context.Context) (raw, signature []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, manifestLimit)
	defer cancel()
	if raw, err = s.read(ctx, release.ManifestName, release.MaxManifest); err != nil {
		return nil, nil, err
	}
	signature, err = s.read(ctx, release.ManifestName+release.SignatureSuffix, release.MaxSignature)
	return raw, signature, err
}

// read fetches a small file.
func (s *Source) read(ctx context.Context, name string, most int64) ([]byte, error) {
	body, err := s.get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // read only
	raw, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot fetch %s/%s: %w", s.base, name, err)
	case int64(len(raw)) > most:
		return nil, fmt.Errorf("%s/%s: expected at most %d bytes, found more", s.base, name, most)
	}
	return raw, nil
}

// download writes an archive to a new file. It reads at most one byte more than the archive has.
func (s *Source) download(ctx context.Context, file release.File, to string) error {
	ctx, cancel := context.WithTimeout(ctx, archiveLimit)
	defer cancel()
	body, err := s.get(ctx, file.Name)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // read only
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = file.Check(io.TeeReader(body, out)); err != nil {
		err = fmt.Errorf("%s: %w", s.base, err)
	}
	return errors.Join(err, out.Close())
}

func (s *Source) get(ctx context.Context, name string) (io.ReadCloser, error) {
	address := s.base + "/" + name
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", release.Program)
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w; check update.url and the network", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%s: expected status 200, found %d; check update.url and update.channel", address, answer.StatusCode)
	}
	return answer.Body, nil
}
