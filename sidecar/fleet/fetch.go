package fleet

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/overview"
)

const (
	// Patience is the time in which a node has to answer.
	Patience = 8 * time.Second
	// maxAnswer bounds the answer of a node, in bytes. A snapshot has some thousand.
	maxAnswer = 256 << 10
	// abreast is the number of nodes that are asked at a time.
	abreast = 16
	// maxFault bounds what is shown of an error, in bytes.
	maxFault = 300
)

// errPinned means that a node has another certificate than the list says.
var errPinned = errors.New("its certificate has another fingerprint than the list says: another machine answers, or the node has a new certificate; compare with thetaedge fleet token on the node")

// Ask asks all nodes of a list how they are, within the patience for each. The rows are in the order of the
// list.
func Ask(ctx context.Context, nodes []Node, patience time.Duration) []Row {
	rows := make([]Row, len(nodes))
	places := make(chan struct{}, abreast)
	var all sync.WaitGroup
	for i, n := range nodes {
		rows[i].Name, rows[i].URL = n.Name, n.URL
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			own, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			s, err := fetch(own, n)
			if err != nil {
				if errors.Is(own.Err(), context.DeadlineExceeded) {
					err = fmt.Errorf("gave no answer within %s", patience)
				}
				rows[i].Error = overview.Line(err.Error(), maxFault)
				return
			}
			rows[i].Snapshot = s
		})
	}
	all.Wait()
	return rows
}

// fetch asks a node for its snapshot.
func fetch(ctx context.Context, n Node) (*overview.Snapshot, error) {
	token, err := n.token()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(n.URL, "/")+SnapshotPath, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	client := clientOf(n)
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, fmt.Errorf("cannot be reached: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("broke off its answer: %w", err)
	case res.StatusCode == http.StatusUnauthorized:
		return nil, errors.New("refuses the token; run thetaedge fleet token NAME there and write the token into the file")
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answered with status %d: %s", res.StatusCode, overview.Line(string(raw[:min(len(raw), maxFault)]), maxFault))
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("answered with more than %d bytes; it is no edge node, or a broken one", maxAnswer)
	}
	return parse(raw)
}

// parse reads a snapshot that may be of another version, or a lie.
func parse(raw []byte) (*overview.Snapshot, error) {
	var form struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return nil, fmt.Errorf("answered with something else than a snapshot: %w", err)
	}
	if form.Format != overview.Format {
		return nil, fmt.Errorf("answers in format %d, and this program reads format %d; update the older of the two", form.Format, overview.Format)
	}
	var s overview.Snapshot
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("answered with something else than a snapshot: %w", err)
	}
	s.Clean()
	return &s, nil
}

// clientOf returns a client that talks to one node only: it follows no redirect and uses no proxy, and
// accepts the certificate that the list names.
func clientOf(n Node) *http.Client {
	transport := &http.Transport{
		DialContext:       (&net.Dialer{Timeout: Patience}).DialContext,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10, TLSHandshakeTimeout: Patience,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if n.Fingerprint != "" {
		transport.TLSClientConfig = &tls.Config{
			MinVersion:         tls.VersionTLS13,
			InsecureSkipVerify: true, //nolint:gosec // the certificate is compared as a whole instead
			VerifyConnection: func(state tls.ConnectionState) error {
				if len(state.PeerCertificates) == 0 || fingerprintOf(state.PeerCertificates[0].Raw) != n.Fingerprint {
					return errPinned
				}
				return nil
			},
		}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
