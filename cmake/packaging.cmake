# `cmake --install`, and Debian packages by CPack: one for each daemon and one for the wallet.
#   cmake --preset release && cmake --build --preset release && cpack --config build/release/CPackConfig.cmake
# The container images are made of the same packages (deploy/Dockerfile).
include(GNUInstallDirs)

set(shared "${PROJECT_SOURCE_DIR}/deploy")
set(made "${PROJECT_BINARY_DIR}/packaging")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "OpenSET <openset@localhost>")

# What `program` prints about itself, written at build time: completion for three shells, the manual.
function(set_install_self_description program)
  set(directory "${made}/${program}")
  file(MAKE_DIRECTORY "${directory}")
  set(outputs)
  foreach(row IN ITEMS "completion bash:bash" "completion zsh:zsh" "completion fish:fish" "man:1")
    string(REGEX MATCH "^(.*):(.*)$" matched "${row}")
    string(REPLACE " " ";" arguments "${CMAKE_MATCH_1}")
    set(output "${directory}/${program}.${CMAKE_MATCH_2}")
    add_custom_command(OUTPUT "${output}"
      COMMAND ${program} ${arguments} > "${output}"
      DEPENDS ${program} VERBATIM)
    list(APPEND outputs "${output}")
  endforeach()
  set(manual "${directory}/${program}.1")
  add_custom_command(OUTPUT "${manual}.gz"
    COMMAND gzip -9 -n -c "${manual}" > "${manual}.gz"
    DEPENDS "${manual}" VERBATIM)
  add_custom_target(${program}-described ALL DEPENDS ${outputs} "${manual}.gz")
  install(FILES "${directory}/${program}.bash" RENAME ${program} COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES "${directory}/${program}.zsh" RENAME _${program} COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES "${directory}/${program}.fish" COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  install(FILES "${manual}.gz" COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()

# Debian's own, in which its tools read the version; what is new is told by CHANGELOG.md beside it.
function(set_install_debian_changelog program)
  set(NAME ${program})
  string(TIMESTAMP DATE "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, if that is set
  set(changelog "${made}/${program}/changelog")
  configure_file("${shared}/debian/changelog.in" "${changelog}" @ONLY)
  execute_process(COMMAND gzip -9 -n -f -k "${changelog}" COMMAND_ERROR_IS_FATAL ANY)
  install(FILES "${changelog}.gz" COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${program})
endfunction()

function(set_package program description)
  install(TARGETS ${program} COMPONENT ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_install_debian_changelog(${program})
  install(FILES "${shared}/debian/copyright" "${PROJECT_SOURCE_DIR}/CHANGELOG.md" COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${program})
  set_install_self_description(${program})
  string(TOUPPER ${program} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${program} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_FILE_NAME ${program}.deb PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${description}" PARENT_SCOPE)
  list(APPEND packages ${program})
  set(packages ${packages} PARENT_SCOPE)
endfunction()

# A daemon has a service, a user, a directory and a configuration beside what set_package gives.
# `short` is its name in paths; after RENEWS it has a timer, after KEYLESS it asks for no passphrase.
function(set_daemon_package NAME SHORT WHAT description)
  cmake_parse_arguments(PARSE_ARGV 4 arg "RENEWS;KEYLESS" "AFTER" "")
  set_package(${NAME} "${description}")
  set(AFTER "")
  if(arg_AFTER)
    set(AFTER " ${arg_AFTER}")
  endif()
  set(CREDENTIAL "LoadCredential=passphrase:/etc/set/${SHORT}.passphrase")
  set(CREDENTIAL_OPTION " --passphrase-file %d/passphrase")
  if(arg_KEYLESS)
    set(CREDENTIAL "")
    set(CREDENTIAL_OPTION "")
  endif()
  set(UNITS ${NAME}.service)
  set(units "${made}/${NAME}/${NAME}.service")
  configure_file("${shared}/systemd/daemon.service.in" "${made}/${NAME}/${NAME}.service" @ONLY)
  if(arg_RENEWS)
    string(APPEND UNITS " ${NAME}-renew.timer")
    foreach(kind IN ITEMS service timer)
      configure_file("${shared}/systemd/renew.${kind}.in" "${made}/${NAME}/${NAME}-renew.${kind}" @ONLY)
      list(APPEND units "${made}/${NAME}/${NAME}-renew.${kind}")
    endforeach()
  endif()
  foreach(file IN ITEMS sysusers.conf tmpfiles.conf)
    configure_file("${shared}/systemd/${file}.in" "${made}/${NAME}/${file}" @ONLY)
    string(REPLACE .conf .d folder ${file})
    install(FILES "${made}/${NAME}/${file}" RENAME ${NAME}.conf COMPONENT ${NAME}
      DESTINATION lib/${folder})
  endforeach()
  install(FILES ${units} COMPONENT ${NAME} DESTINATION lib/systemd/system)
  configure_file("${shared}/debian/config.toml.in" "${made}/${NAME}/${SHORT}.toml" @ONLY)
  install(FILES "${made}/${NAME}/${SHORT}.toml" COMPONENT ${NAME} DESTINATION /etc/set)
  if(EXISTS "${shared}/config/${SHORT}.toml")
    install(FILES "${shared}/config/${SHORT}.toml" COMPONENT ${NAME}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${NAME}/examples)
  endif()

  set(scripts)
  foreach(script IN ITEMS postinst prerm postrm)
    configure_file("${shared}/debian/${script}.in" "${made}/${NAME}/${script}" @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND scripts "${made}/${NAME}/${script}")
  endforeach()
  file(WRITE "${made}/${NAME}/conffiles" "/etc/set/${SHORT}.toml\n")
  list(APPEND scripts "${made}/${NAME}/conffiles")
  string(TOUPPER ${NAME} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${scripts}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles" PARENT_SCOPE)
  foreach(variable IN ITEMS PACKAGE_NAME FILE_NAME DESCRIPTION)
    set(CPACK_DEBIAN_${upper}_${variable} "${CPACK_DEBIAN_${upper}_${variable}}" PARENT_SCOPE)
  endforeach()
  set(packages ${packages} PARENT_SCOPE)
endfunction()

set(packages)
set_daemon_package(set-ca ca "certificate authority"
  "Certificate authority of OpenSET
 Certifies the cardholders, merchants and gateways of one brand, and says what
 is revoked.")
set_daemon_package(set-gateway gateway "payment gateway"
  "Payment gateway of OpenSET
 Opens what the cardholder sealed for the bank, checks that cardholder and
 merchant mean the same purchase, and asks the bank." RENEWS)
set_daemon_package(set-merchant merchant "merchant"
  "Merchant's daemon of OpenSET
 Takes signed orders from wallets without ever seeing a card number, and asks
 the gateway to authorise and capture them." RENEWS)
set(CPACK_DEBIAN_SET-MERCHANT_PACKAGE_RECOMMENDS ca-certificates) # for https webhooks
set_daemon_package(set-bank bank "simulated bank"
  "Simulated bank network for OpenSET
 Speaks ISO 8583 to gateways and certificate authorities, about public test
 cards only. For trials: nobody is paid." KEYLESS)
set_package(set-wallet
  "Cardholder's wallet of OpenSET
 Registers cards with their issuer, signs every purchase, and keeps receipts
 that can be verified.")
install(FILES "${shared}/systemd/set-wallet.service" COMPONENT set-wallet
  DESTINATION lib/systemd/user)
# The sandbox: both are its issuer; what its wallets register, and which forms they get.
foreach(program IN ITEMS set-ca set-bank)
  install(FILES "${shared}/sandbox/cards.toml" COMPONENT ${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/${program})
endforeach()
install(FILES "${shared}/sandbox/card.toml" "${shared}/sandbox/forms.toml" COMPONENT set-ca
  DESTINATION ${CMAKE_INSTALL_DATADIR}/set-ca)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL ${packages})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
