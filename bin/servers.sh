# shellcheck shell=bash
# The database servers of the tests. Sourced by bin/test: `find_servers` exports PG_DATABASE_URL and MYSQL_DATABASE_URL,
# `stop_servers` stops and removes what was started, and may be called at any moment.
#
# A server is the one that its variable names, else a local one that lets this user create databases without a password,
# else one that is started here: its data is in a temporary folder, and nobody else can log in.

servers_folder='' servers_policy=''
servers_pids=()

find_client_libraries() {
    [[ -n ${PQ_LIB_DIR:-} ]] || has_library libpq pg_config || install_packages libpq-dev
    [[ -n ${MYSQLCLIENT_LIB_DIR:-} ]] || has_library libmariadb mariadb_config ||
        has_library mysqlclient mysql_config || install_packages libmariadb-dev
}

# `any` of those above, or `private` ones.
find_servers() {
    local private=''
    server_path
    if [[ $1 == private ]]; then
        private=1
        unset PG_DATABASE_URL MYSQL_DATABASE_URL
    fi
    if [[ -z ${PG_DATABASE_URL:-} ]] && { [[ -n $private ]] || ! local_postgres; }; then
        has initdb postgres || install_packages postgresql
        start_postgres
    fi
    if [[ -z ${MYSQL_DATABASE_URL:-} ]] && { [[ -n $private ]] || ! local_mysql; }; then
        has mariadb-install-db mariadbd || install_packages mariadb-server
        start_mariadb
    fi
    export PG_DATABASE_URL MYSQL_DATABASE_URL
    echo "PostgreSQL: $(without_password "$PG_DATABASE_URL")"
    echo "MySQL or MariaDB: $(without_password "$MYSQL_DATABASE_URL")"
}

stop_servers() {
    local pid
    # Nothing of theirs is kept, so they need not finish what they do.
    for pid in "${servers_pids[@]}"; do kill -QUIT "$pid" 2>/dev/null || true; done
    for pid in "${servers_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    servers_pids=()
    [[ -z $servers_folder ]] || rm -rf "$servers_folder"
    [[ -z $servers_policy ]] || rm -f "$servers_policy"
    servers_folder='' servers_policy=''
}

local_postgres() {
    local user url host
    has psql || return 1
    user=$(id -un)
    for host in 127.0.0.1:5432 %2Frun%2Fpostgresql %2Ftmp; do
        url=postgres://$user@$host/postgres
        if [[ $(PGCONNECT_TIMEOUT=3 psql -wXAtq -d "$url" 2>/dev/null -c "SELECT rolcreatedb OR rolsuper FROM pg_roles
            WHERE rolname = current_user AND current_setting('server_version_num')::integer >= 150000") == t ]]; then
            PG_DATABASE_URL=$url
            return 0
        fi
    done
    return 1
}

local_mysql() {
    local user client probe=encrypted_test_probe_$$
    client=$(command -v mariadb || command -v mysql) || return 1
    for user in root "$(id -un)"; do
        if "$client" --no-defaults --connect-timeout=3 -h 127.0.0.1 -P 3306 -u "$user" \
            -e "CREATE DATABASE $probe; DROP DATABASE $probe" >/dev/null 2>&1; then
            MYSQL_DATABASE_URL=mysql://$user@127.0.0.1:3306/mysql
            return 0
        fi
    done
    return 1
}

# Reached through a socket in a folder that only this user and root can enter.
start_postgres() {
    local folder pid
    new_folder postgres postgres
    (as_user postgres initdb --pgdata="$folder/data" --username=postgres --auth=trust --no-sync --encoding=UTF8 \
        --locale=C.UTF-8 --lc-messages=C) >"$folder.log" 2>&1 || failed initdb "$folder.log"
    as_user postgres postgres -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=200 \
        -c fsync=off -c full_page_writes=off -c synchronous_commit=off >"$folder.log" 2>&1 &
    pid=$!
    servers_pids+=("$pid")
    await "$pid" 'ready to accept connections' "$folder.log" || failed postgres "$folder.log"
    PG_DATABASE_URL=postgres://postgres@${folder//\//%2F}/postgres
}

# Reached by TCP, with a password, because not every client can be told of a socket.
start_mariadb() {
    local folder pid port password
    new_folder mariadb mysql
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (as_user mysql mariadb-install-db --no-defaults --datadir="$folder/data" --skip-test-db) >"$folder.log" 2>&1 ||
        failed mariadb-install-db "$folder.log"
    (
        umask 077
        # A statement a line.
        printf '%s;\n' "CREATE USER tests@'%' IDENTIFIED BY '$password'" \
            "GRANT ALL ON *.* TO tests@'%' WITH GRANT OPTION" >"$folder/init.sql"
    )
    give_to mysql "$folder/init.sql"
    for _ in {1..20}; do
        port=$((RANDOM % 20000 + 20000))
        as_user mysql mariadbd --no-defaults --datadir="$folder/data" --socket="$folder/socket" --port="$port" \
            --bind-address=127.0.0.1 --init-file="$folder/init.sql" --pid-file="$folder/pid" --max-connections=200 \
            --max-allowed-packet=64M --innodb-flush-log-at-trx-commit=0 >"$folder.log" 2>&1 &
        pid=$!
        servers_pids+=("$pid")
        if await "$pid" 'ready for connections' "$folder.log"; then
            MYSQL_DATABASE_URL=mysql://tests:$password@127.0.0.1:$port/mysql
            return 0
        fi
        # Somebody listens there.
        grep -q "Can't start server: Bind on TCP/IP port" "$folder.log" || break
    done
    failed mariadbd "$folder.log"
}

# Sets `folder` to a new folder of the user's, in the one that all servers share.
new_folder() {
    local name=$1 user=$2
    if [[ -z $servers_folder ]]; then
        # A socket's path must be short, so not $TMPDIR.
        servers_folder=$(mktemp -d /tmp/encrypted-test.XXXXXX)
        chmod 711 "$servers_folder"
    fi
    folder=$servers_folder/$name
    mkdir -m 700 "$folder"
    give_to "$user" "$folder"
}

# Servers refuse to run as root: then they run as the user that Debian's package makes for them, or as nobody.
server_user() {
    if id "$1" >/dev/null 2>&1; then echo "$1"; else echo nobody; fi
}

give_to() {
    if [[ $EUID -eq 0 ]]; then chown "$(server_user "$1"):" "$2"; fi
}

# Becomes a program in a session of its own, so that an interrupt from the terminal leaves it to `stop_servers`.
as_user() {
    local user
    user=$(server_user "$1")
    shift
    cd /
    if [[ $EUID -eq 0 ]]; then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups setsid env HOME=/ LC_ALL=C "$@"
    else
        exec setsid env LC_ALL=C "$@"
    fi
}

# Waits a minute at most for a line of its log, which must come while it runs.
await() {
    local pid=$1 line=$2 log=$3
    for _ in {1..600}; do
        if grep -q "$line" "$log"; then return 0; fi
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

failed() {
    tail -n 20 "$2" >&2
    die "$1 failed; what it said stands above"
}

has_library() {
    has "$2" || { has pkg-config && pkg-config --exists "$1"; }
}

# Debian keeps some of the programs out of the way.
server_path() {
    local folder
    for folder in /usr/sbin /usr/lib/postgresql/*/bin; do
        [[ :$PATH: == *:$folder:* || ! -d $folder ]] || PATH=$PATH:$folder
    done
}

install_packages() {
    local policy=/usr/sbin/policy-rc.d
    if [[ $EUID -ne 0 ]] || ! has apt-get; then
        die "$* is missing (as Debian calls it): install it; without servers (--embedded) a C compiler is enough, and" \
            "PG_DATABASE_URL and MYSQL_DATABASE_URL can name servers elsewhere"
    fi
    # Debian starts the services that it installs, unless this file forbids it.
    if [[ ! -e $policy ]]; then
        servers_policy=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
    server_path
}

without_password() {
    if [[ $1 =~ ^([^:]*://[^:/@]*):[^/@]*@(.*)$ ]]; then
        echo "${BASH_REMATCH[1]}:***@${BASH_REMATCH[2]}"
    else
        echo "$1"
    fi
}
