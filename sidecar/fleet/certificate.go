package fleet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// CertificateFile is the name of the file in the home with the certificate and its key.
	CertificateFile = "fleet.pem"
	// certificateLife is how long a certificate is valid. It is known by its fingerprint, which lists of nodes
	// contain, so that a new one is work for the owner.
	certificateLife = 20 * 365 * 24 * time.Hour
	// fingerprintPrefix names how a fingerprint is made.
	fingerprintPrefix = "sha256:"
)

// OpenCertificate reads the certificate of a home, and makes one if there is none.
func OpenCertificate(home string, now time.Time) (tls.Certificate, error) {
	path := filepath.Join(home, CertificateFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if raw, err = newCertificate(now); err == nil {
			err = writeSecret(path, raw)
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot read the certificate of the fleet: %w", osfault.Explain(path, err))
	}
	certificate, err := tls.X509KeyPair(raw, raw)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: expected a certificate and its key: %w; remove the file to get another one, and change its fingerprint in the lists of your other machines", path, err)
	}
	return certificate, nil
}

// newCertificate returns a certificate that signs itself, and its key, as PEM.
func newCertificate(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	// The clock of a new machine may be wrong. The fingerprint counts, and not the time.
	shape := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: CertificateName}, DNSNames: []string{CertificateName},
		NotBefore: now.Add(-10 * 365 * 24 * time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), nil
}

// CertificateName is the name in certificates, for programs that compare it.
const CertificateName = "thetaedge"

// PublicPEM returns a certificate without its key, for programs that want it as a file.
func PublicPEM(certificate tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
}

// Fingerprint names a certificate for lists of nodes.
func Fingerprint(certificate tls.Certificate) string {
	return fingerprintOf(certificate.Certificate[0])
}

func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return fingerprintPrefix + hex.EncodeToString(sum[:])
}

// checkFingerprint reports a text that is not a fingerprint.
func checkFingerprint(text string) error {
	digits, found := strings.CutPrefix(text, fingerprintPrefix)
	raw, err := hex.DecodeString(digits)
	if !found || err != nil || len(raw) != sha256.Size || digits != strings.ToLower(digits) {
		return fmt.Errorf("expected a fingerprint of the form sha256:HEX, as thetaedge fleet token prints it, found %.80q", text)
	}
	return nil
}
