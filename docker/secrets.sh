#!/bin/sh
# Makes the secrets that the compose files mount, each once: what is there is kept. Needs openssl.
#   sh docker/secrets.sh [folder]      default: secrets beside this file
# The folder is for its owner alone; the files in it can be read by the users of the containers that they are mounted into.
# Keep a copy of key_encryption_key apart from the backups: without it they open for nobody.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

absent() { [ ! -e "$1" ]; }
keep() { cat > "$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"; }
word() { openssl rand -hex 24; }

absent auth_jwt_secret && openssl rand -base64 48 | keep auth_jwt_secret
absent key_encryption_key && openssl rand -base64 32 | keep key_encryption_key

absent postgres_password && word | keep postgres_password
absent postgres_url && echo "postgres://portaria:$(cat postgres_password)@postgres:5432/portaria" | keep postgres_url

absent eventstore_password && word | keep eventstore_password
absent eventstore_url && echo "esdb://admin:$(cat eventstore_password)@eventstoredb:2113?tlsCAFile=/run/secrets/eventstore_ca.crt" | keep eventstore_url

if absent eventstore_ca.crt; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 1825 -subj '/O=Portaria/CN=EventStoreDB CA' \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -keyout eventstore_ca.key -out eventstore_ca.pem 2> /dev/null
  chmod 400 eventstore_ca.key
  keep eventstore_ca.crt < eventstore_ca.pem
  rm eventstore_ca.pem
fi
if absent eventstore_node.crt; then
  openssl req -newkey rsa:2048 -nodes -subj '/CN=eventstoredb-node' -keyout eventstore_node.pem -out eventstore_node.csr 2> /dev/null
  printf 'subjectAltName=DNS:eventstoredb,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature,keyEncipherment\n' > eventstore_node.ext
  openssl x509 -req -in eventstore_node.csr -CA eventstore_ca.crt -CAkey eventstore_ca.key -CAcreateserial -days 1825 \
    -extfile eventstore_node.ext -out eventstore_node.new.crt 2> /dev/null
  keep eventstore_node.key < eventstore_node.pem
  keep eventstore_node.crt < eventstore_node.new.crt
  rm eventstore_node.pem eventstore_node.csr eventstore_node.ext eventstore_node.new.crt
fi
echo "$(pwd) holds: $(ls | tr '\n' ' ')"
