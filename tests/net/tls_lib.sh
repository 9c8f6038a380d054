# SPDX-License-Identifier: Apache-2.0
#
# Certificates, for tests of TLS and DTLS; in the folder that is current.
need openssl

# authority NAME: NAME.pem vouches for others, NAME.key is its key
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# certificate NAME AUTHORITY DAYS SUBJECT-ALTERNATIVE-NAME: NAME.pem, NAME.key
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" \
		-extfile <(echo "subjectAltName=$4") -out "$1.pem" 2>/dev/null
}
