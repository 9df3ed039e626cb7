package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
)

const (
	// ListFile is the name of the list of nodes in the home of the machine that looks.
	ListFile = "fleet.toml"
	// mostNodes bounds a list, and maxTokenFile the file of a token, in bytes.
	mostNodes    = 500
	maxTokenFile = 1 << 10
)

// Node is a node of a list.
type Node struct {
	Name string `toml:"name"`
	// URL is where the node answers, such as https://192.168.1.20:9773.
	URL string `toml:"url"`
	// TokenFile is a file with the token. A relative path begins at the folder of the list.
	TokenFile string `toml:"token-file"`
	// Fingerprint is that of the node's certificate. Without one, the certificate must be of an
	// authority that this machine trusts.
	Fingerprint string `toml:"fingerprint"`
	// InsecurePlaintext allows a URL without TLS that is not on this machine.
	InsecurePlaintext bool `toml:"insecure-plaintext"`
}

// ErrNoList means that there is no list of nodes.
var ErrNoList = errors.New("no list of nodes")

// ReadList reads a list of nodes. It refuses keys that it does not know.
func ReadList(path string) ([]Node, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: expected %s; run thetaedge fleet token NAME on each node, which prints what to write there", ErrNoList, path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the list of nodes: %w", osfault.Explain(path, err))
	}
	var list struct {
		Node []Node `toml:"node"`
	}
	decoder := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) {
			return nil, fmt.Errorf("%s: expected only name, url, token-file, fingerprint and insecure-plaintext in [[node]], found %q", path, strings.Join(unknown.Errors[0].Key(), "."))
		}
		return nil, fmt.Errorf("%s is no valid TOML: %w", path, err)
	}
	if len(list.Node) == 0 || len(list.Node) > mostNodes {
		return nil, fmt.Errorf("%s: expected 1 to %d nodes in [[node]], found %d", path, mostNodes, len(list.Node))
	}
	names := map[string]bool{}
	for i := range list.Node {
		n := &list.Node[i]
		if err := n.check(); err != nil {
			return nil, fmt.Errorf("%s: node %d: %w", path, i+1, err)
		}
		if names[n.Name] {
			return nil, fmt.Errorf("%s: node %d: expected each name once, found %q twice", path, i+1, n.Name)
		}
		names[n.Name] = true
		if !filepath.IsAbs(n.TokenFile) {
			n.TokenFile = filepath.Join(filepath.Dir(path), n.TokenFile)
		}
	}
	return list.Node, nil
}

// check reports what is wrong with an entry.
func (n Node) check() error {
	if err := CheckName(n.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	if n.TokenFile == "" {
		return errors.New("token-file: expected a file with the token of the node, found none")
	}
	u, err := url.Parse(n.URL)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("url: expected an address such as https://192.168.1.20:9773, found %.100q", n.URL)
	}
	ip := net.ParseIP(u.Hostname())
	if here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); u.Scheme == "http" && !here && !n.InsecurePlaintext {
		return fmt.Errorf("url: expected https, found %s: the network would see the token; set insecure-plaintext = true for this node if it is behind a tunnel such as WireGuard", n.URL)
	}
	if n.Fingerprint == "" {
		return nil
	}
	if u.Scheme == "http" {
		return errors.New("fingerprint: expected none for a url without TLS")
	}
	return checkFingerprint(n.Fingerprint)
}

// token reads the token of a node. It fails if another user could have read it.
func (n Node) token() (string, error) {
	found, err := os.Stat(n.TokenFile)
	if err != nil {
		return "", fmt.Errorf("cannot read its token: %w", osfault.Explain(n.TokenFile, err))
	}
	if !found.Mode().IsRegular() || found.Size() > maxTokenFile {
		return "", fmt.Errorf("expected %s to be a file of at most %d bytes with its token, found %s of %d bytes", n.TokenFile, maxTokenFile, found.Mode(), found.Size())
	}
	if err := private.Check(n.TokenFile); err != nil {
		return "", fmt.Errorf("its token: %w", err)
	}
	raw, err := os.ReadFile(n.TokenFile)
	if err != nil {
		return "", fmt.Errorf("cannot read its token: %w", osfault.Explain(n.TokenFile, err))
	}
	token := strings.TrimSpace(string(raw))
	if !strings.HasPrefix(token, tokenPrefix) || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("expected a token of thetaedge fleet token in %s, found something else", n.TokenFile)
	}
	return token, nil
}
